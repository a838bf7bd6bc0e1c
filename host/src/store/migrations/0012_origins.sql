-- To which origins the values may be sent that a cart's definition fetches from variables and files.

CREATE TABLE fetched_credentials (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  slot TEXT NOT NULL,
  origins TEXT NOT NULL,
  PRIMARY KEY (merchant, cart, slot)
) STRICT, WITHOUT ROWID;

-- Carts that are there already: their definitions are taken for approved as they stand, once, when the store is opened.
CREATE TABLE unbound_carts (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  PRIMARY KEY (merchant, cart)
) STRICT, WITHOUT ROWID;
INSERT INTO unbound_carts SELECT merchant, cart FROM carts;
