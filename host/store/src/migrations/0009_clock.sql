-- What is remembered of the wall clock, which may be set to anything, and of the time that really passed.
CREATE TABLE clock (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  memory TEXT NOT NULL  -- JSON
) STRICT;
