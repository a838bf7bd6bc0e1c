-- A cart that is removed and made anew is another cart: what the one before was told of an order says nothing of it.

CREATE TABLE cart_incarnations (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  incarnation INTEGER NOT NULL,  -- how often a cart of this id was removed; no row: never
  PRIMARY KEY (merchant, cart)
) STRICT, WITHOUT ROWID;
ALTER TABLE orders ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency_keys ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
INSERT INTO cart_incarnations (merchant, cart, incarnation)
  SELECT DISTINCT merchant, cart, 1 FROM orders
  WHERE NOT EXISTS (SELECT 1 FROM carts WHERE carts.merchant = orders.merchant AND carts.cart = orders.cart);
