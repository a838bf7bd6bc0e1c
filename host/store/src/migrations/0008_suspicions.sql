-- How often in a row the program died, or failed, while it was at work on a delivery, and the claim in which it did so last.
ALTER TABLE deliveries ADD COLUMN suspicions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN suspected INTEGER NOT NULL DEFAULT 0;
