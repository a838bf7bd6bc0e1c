-- How long things are kept, and until when a cart's recordings hold personal data because a person said so.

CREATE TABLE raw_recordings (
  merchant TEXT NOT NULL REFERENCES merchants,
  cart TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (merchant, cart)
) STRICT, WITHOUT ROWID;

ALTER TABLE cassettes ADD COLUMN raw INTEGER NOT NULL DEFAULT 0 CHECK (raw IN (0, 1));  -- 1: personal data was not taken out
CREATE INDEX cassettes_raw ON cassettes (merchant, at) WHERE raw = 1;

CREATE INDEX decisions_by_age ON decisions (merchant, decided_at);
