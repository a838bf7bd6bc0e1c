-- The outbox: what was accepted and is not delivered yet, what will not be tried again by itself, and what a person ended.

-- A lane is the queue of one order at one cart. It is here while it holds a delivery or is blocked by one.
CREATE TABLE lanes (
  lane INTEGER PRIMARY KEY,
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  pending INTEGER NOT NULL CHECK (pending >= 0),
  due_at INTEGER,  -- of the head; none: blocked
  blocked_by INTEGER,  -- the number of the dead letter that must be dealt with first
  UNIQUE (merchant, cart, order_number),
  CHECK ((due_at IS NULL) = (blocked_by IS NOT NULL)),
  CHECK (pending > 0 OR blocked_by IS NOT NULL)
) STRICT;
CREATE INDEX lanes_due ON lanes (merchant, cart, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE deliveries (
  nth INTEGER PRIMARY KEY,  -- rises with each arrival
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  lane INTEGER NOT NULL REFERENCES lanes,
  sequence INTEGER NOT NULL,  -- as in orders
  delivery TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,  -- later than accepted_at where a dead letter was tried again
  attempts INTEGER NOT NULL,
  plugin_faults INTEGER NOT NULL,
  claims INTEGER NOT NULL,
  unanswered INTEGER NOT NULL,  -- claims since the last settlement
  doubted INTEGER NOT NULL CHECK (doubted IN (0, 1)),  -- 1: the doubt that a restore left was told already
  restored INTEGER NOT NULL CHECK (restored IN (0, 1)),  -- 1: it came out of a backup
  earlier TEXT NOT NULL,  -- JSON
  fate TEXT,  -- JSON: of the last receipt
  content TEXT NOT NULL,  -- JSON: the update
  UNIQUE (lane, sequence),
  UNIQUE (merchant, delivery)
) STRICT;
CREATE INDEX deliveries_by_arrival ON deliveries (merchant, cart, nth);

CREATE TABLE dead_letters (
  nth INTEGER PRIMARY KEY,  -- rises with each death
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  delivery TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  died_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  blocking INTEGER NOT NULL CHECK (blocking IN (0, 1)),  -- 1: its lane waits for it
  attempts INTEGER NOT NULL,
  plugin_faults INTEGER NOT NULL,
  claims INTEGER NOT NULL,
  doubted INTEGER NOT NULL CHECK (doubted IN (0, 1)),
  restored INTEGER NOT NULL CHECK (restored IN (0, 1)),
  earlier TEXT NOT NULL,
  fate TEXT,
  taken_back TEXT NOT NULL,  -- JSON: the labels and packages that no longer count, and would again
  content TEXT NOT NULL,
  UNIQUE (merchant, delivery)
) STRICT;
CREATE INDEX dead_letters_by_reason ON dead_letters (merchant, cart, reason, died_at);
CREATE INDEX dead_letters_by_nth ON dead_letters (merchant, nth);

-- What was ended without the cart having it, by whom or by what.
CREATE TABLE endings (
  merchant TEXT NOT NULL REFERENCES merchants,
  delivery TEXT NOT NULL,
  cart TEXT NOT NULL,
  order_number TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  how TEXT NOT NULL,  -- JSON
  PRIMARY KEY (merchant, delivery)
) STRICT, WITHOUT ROWID;
CREATE INDEX endings_by_age ON endings (merchant, ended_at);

-- The rows above, counted, because counting a million takes too long.
CREATE TABLE queues (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  queued INTEGER NOT NULL CHECK (queued >= 0),
  dead INTEGER NOT NULL CHECK (dead >= 0),
  blocked INTEGER NOT NULL CHECK (blocked >= 0),  -- lanes
  PRIMARY KEY (merchant, cart)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
  merchant TEXT NOT NULL REFERENCES merchants,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,  -- empty: the whole installation
  detail TEXT NOT NULL,
  raised_at INTEGER NOT NULL,
  told_at INTEGER,  -- when somebody was told last
  PRIMARY KEY (merchant, kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE cassettes (
  merchant TEXT NOT NULL REFERENCES merchants,
  delivery TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  failed INTEGER NOT NULL CHECK (failed IN (0, 1)),
  cassette TEXT NOT NULL,  -- JSON
  PRIMARY KEY (merchant, delivery, attempt)
) STRICT;
CREATE INDEX cassettes_by_age ON cassettes (merchant, failed, at);

ALTER TABLE tokens ADD COLUMN used_at INTEGER;  -- for its operator, to find those that nobody uses
