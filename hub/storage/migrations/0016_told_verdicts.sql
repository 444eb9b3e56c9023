-- Which verdict the room of a version was told: what is no news passes nobody by, and so tells nobody
-- that somebody else brought the same bytes.

CREATE TABLE told_verdicts (
    key     text PRIMARY KEY,                    -- of a version
    verdict text NOT NULL,
    finding text NOT NULL
);
