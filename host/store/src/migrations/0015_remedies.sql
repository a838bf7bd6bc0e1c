-- What a person can do about an alert, as data. The details of alerts that are open now say it in words.
ALTER TABLE alerts ADD COLUMN remedies TEXT NOT NULL DEFAULT '[]';  -- a JSON list
