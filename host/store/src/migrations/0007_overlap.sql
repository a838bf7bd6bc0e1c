-- While a cart may still be at work on an order, because an attempt has no answer yet or had none: from when, and until when. 0: it is not.
ALTER TABLE orders ADD COLUMN busy_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN busy_until INTEGER NOT NULL DEFAULT 0;
