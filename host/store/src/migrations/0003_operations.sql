-- What operating needs: alerts that end are told of, carts are paused together, plugins are banned.

-- Set: it ended, and whoever was told of it is still to be told that.
ALTER TABLE alerts ADD COLUMN cleared_at INTEGER;

-- 1: paused together with all others. What the cart had of its own before comes back when all are resumed.
ALTER TABLE carts ADD COLUMN paused_with_all INTEGER NOT NULL DEFAULT 0 CHECK (paused_with_all IN (0, 1));
ALTER TABLE carts ADD COLUMN own_paused_why TEXT;
ALTER TABLE carts ADD COLUMN own_paused_until INTEGER;

-- Plugins that run for no cart of the merchant, by the digest of their files.
CREATE TABLE plugin_bans (
  merchant TEXT NOT NULL REFERENCES merchants,
  digest TEXT NOT NULL,
  why TEXT NOT NULL,
  banned_at INTEGER NOT NULL,
  PRIMARY KEY (merchant, digest)
) STRICT, WITHOUT ROWID;
