-- What is kept of an order is found by the order's number, also the answers under senders' keys, dead letters and endings: forgetting an order
-- costs what is kept of this order, however much is kept of others.

ALTER TABLE idempotency_keys ADD COLUMN cart TEXT;  -- none: the answer is about no order
ALTER TABLE idempotency_keys ADD COLUMN order_number TEXT;
UPDATE idempotency_keys SET cart = answer ->> '$.decision.cart', order_number = answer ->> '$.decision.order_number' WHERE json_valid(answer);
CREATE INDEX idempotency_keys_by_order ON idempotency_keys (merchant, cart, order_number) WHERE cart IS NOT NULL;
CREATE INDEX dead_letters_by_order ON dead_letters (merchant, cart, order_number);
CREATE INDEX endings_by_order ON endings (merchant, cart, order_number);
