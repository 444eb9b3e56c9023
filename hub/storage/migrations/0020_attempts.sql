-- How often somebody tried something of late, known to every process. Bounds, not facts: lost with
-- a crash of the server, and of no interest after a day.

CREATE UNLOGGED TABLE attempts (
    key     bytea PRIMARY KEY,                   -- SHA-256 of what is counted and for whom
    full_at bigint NOT NULL                      -- Unix ms at which all tries are there again
);

CREATE INDEX attempts_by_time ON attempts (full_at);
