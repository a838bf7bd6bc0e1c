-- An order's queue that rests because something failed here, which a person must know of.
ALTER TABLE lanes ADD COLUMN fault TEXT;  -- what failed; none: it does not rest
CREATE INDEX lanes_with_fault ON lanes (merchant, cart) WHERE fault IS NOT NULL;
