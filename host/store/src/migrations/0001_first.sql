-- Every row belongs to a merchant, but for the one row of `store`, which is about this file itself.
-- Times are milliseconds since 1970-01-01T00:00:00Z. What the program checks when it reads is kept as text.

CREATE TABLE store (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  backed_up_at INTEGER,  -- set in the copy that a backup makes
  restored_at INTEGER
) STRICT;
INSERT INTO store (only) VALUES (1);

CREATE TABLE merchants (
  merchant TEXT PRIMARY KEY,
  made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plugins (
  merchant TEXT NOT NULL REFERENCES merchants,
  digest TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  manifest TEXT NOT NULL,  -- JSON, as the plugin described itself at admission
  admitted_at INTEGER NOT NULL,
  first_ran_at INTEGER,
  PRIMARY KEY (merchant, digest)
) STRICT;

-- A cart may name a plugin that is not admitted: that is one of the answers of the gate, so no foreign key forbids it.
CREATE TABLE carts (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  definition TEXT NOT NULL,  -- TOML, as its operator wrote it
  plugin TEXT,  -- the digest that it is pinned to
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  mode TEXT NOT NULL,
  paused_why TEXT,
  paused_until INTEGER,  -- none while paused_why is set: until somebody resumes it
  made_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart),
  CHECK (paused_why IS NOT NULL OR paused_until IS NULL)
) STRICT;

-- The digests that ran for a cart, to which it can be rolled back.
CREATE TABLE cart_plugins (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  plugin TEXT NOT NULL,
  first_ran_at INTEGER NOT NULL,
  last_ran_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart, plugin)
) STRICT, WITHOUT ROWID;

CREATE TABLE parameters (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,  -- empty: the system scope
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_events (
  merchant TEXT NOT NULL REFERENCES merchants,
  event TEXT NOT NULL,
  item_label TEXT,
  order_label TEXT,
  notify_cart INTEGER NOT NULL CHECK (notify_cart IN (0, 1)),
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_labels (
  merchant TEXT NOT NULL REFERENCES merchants,
  label TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  sequence INTEGER NOT NULL,  -- of the update that was accepted last
  reference TEXT,  -- the cart's own, from the last success
  doubtful INTEGER NOT NULL CHECK (doubtful IN (0, 1)),  -- 1: an earlier attempt may have reached the cart
  accepted_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart, order_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_age ON orders (merchant, cart, accepted_at);

-- One row for each label that was accepted and may still be taken back, and the last that was settled before them.
CREATE TABLE order_labels (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  line TEXT NOT NULL,  -- empty: the order itself
  sequence INTEGER NOT NULL,
  label TEXT NOT NULL,
  settled_at INTEGER,
  PRIMARY KEY (merchant, cart, order_number, line, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_labels_pending ON order_labels (merchant, cart, order_number) WHERE settled_at IS NULL;

-- The same for packages. Which two are the same one is for the gate to say: here only what is alike in all three replaces another.
CREATE TABLE order_packages (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  nth INTEGER NOT NULL,  -- of the update's packages
  id TEXT,
  carrier TEXT,
  number TEXT,
  withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
  settled_at INTEGER,
  PRIMARY KEY (merchant, cart, order_number, sequence, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_packages_pending ON order_packages (merchant, cart, order_number) WHERE settled_at IS NULL;

CREATE TABLE decisions (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  nth INTEGER NOT NULL,
  decided_at INTEGER NOT NULL,
  decision TEXT NOT NULL,  -- JSON: every answer of the gate
  PRIMARY KEY (merchant, cart, order_number, nth)
) STRICT;

CREATE TABLE credentials (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  slot TEXT NOT NULL,
  field TEXT NOT NULL,
  turn TEXT NOT NULL CHECK (turn IN ('current', 'next')),
  host TEXT NOT NULL,  -- of the endpoint that it is for
  key_id TEXT NOT NULL,
  nonce BLOB NOT NULL,
  sealed BLOB NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart, slot, field, turn)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
  merchant TEXT NOT NULL REFERENCES merchants,
  delivery TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  receipt TEXT NOT NULL,  -- JSON
  PRIMARY KEY (merchant, delivery, attempt)
) STRICT;
CREATE INDEX receipts_by_order ON receipts (merchant, cart, order_number, at);
CREATE INDEX receipts_by_age ON receipts (merchant, at);

CREATE TABLE idempotency_keys (
  merchant TEXT NOT NULL REFERENCES merchants,
  key TEXT NOT NULL,
  body_digest TEXT NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (merchant, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (merchant, at);

CREATE TABLE tokens (
  merchant TEXT NOT NULL REFERENCES merchants,
  name TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,  -- of the token, which is kept nowhere
  role TEXT NOT NULL,
  carts TEXT,  -- JSON list; none: every cart
  made_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, name)
) STRICT;

CREATE TABLE quotas (
  merchant TEXT NOT NULL REFERENCES merchants,
  name TEXT NOT NULL,
  most INTEGER NOT NULL,
  PRIMARY KEY (merchant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  nth INTEGER PRIMARY KEY,
  merchant TEXT NOT NULL REFERENCES merchants,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT
) STRICT;
CREATE INDEX audit_by_age ON audit (merchant, at);
