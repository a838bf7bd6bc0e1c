-- To which origins the values may be sent that a cart's definition fetches from variables and files. Of a cart that is there already none are known:
-- its plugin, of the contract 0.1, must be replaced in any case, and doing that on the machine approves them.

CREATE TABLE fetched_credentials (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  slot TEXT NOT NULL,
  origins TEXT NOT NULL,
  PRIMARY KEY (merchant, cart, slot)
) STRICT, WITHOUT ROWID;
