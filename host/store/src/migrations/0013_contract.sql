-- What plugins say since cartage:plugin@1.0.0.

-- Of each package: what is known of it besides id, carrier and number, as JSON of hashes by name (none: written by an earlier release), and the
-- cart's own reference of it.
ALTER TABLE order_packages ADD COLUMN details TEXT;
ALTER TABLE order_packages ADD COLUMN reference TEXT;

-- What plugins of cartage:plugin@0.1 said of themselves means nothing in 1.0.0: each is asked again when it is next used.
UPDATE plugins SET manifest = 'null';

-- What was said when a cart was paused, for whoever must act on it.
ALTER TABLE carts ADD COLUMN paused_said TEXT;
ALTER TABLE carts ADD COLUMN own_paused_said TEXT;

-- Lists that only the shop knows (statuses, carriers, the values of a setting), as a plugin gave them when it was asked.
CREATE TABLE cart_lists (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  list TEXT NOT NULL,  -- JSON: which
  plugin TEXT NOT NULL,  -- the digest of the plugin that was asked
  choices TEXT NOT NULL,  -- JSON
  asked_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart, list)
) STRICT, WITHOUT ROWID;
ALTER TABLE carts ADD COLUMN lists INTEGER NOT NULL DEFAULT 0;  -- how often its lists were kept
