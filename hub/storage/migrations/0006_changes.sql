-- Says that people, or rights to be connected, changed. Raised in the transaction that changes them,
-- and last in it: the row stays locked until the commit, so that values follow the order of commits.

CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL);

INSERT INTO counters (name, value) VALUES ('people', 0), ('rights', 0);

ALTER TABLE accounts ADD COLUMN revision bigint NOT NULL DEFAULT 0;

CREATE INDEX accounts_revision ON accounts (revision);

-- When somebody last moved a marker: told again to whoever may have missed it.

ALTER TABLE read_marks ADD COLUMN moved_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX read_marks_moved ON read_marks (uid, moved_at);

-- The fourth migration was published without this table once: databases that ran it then lack it.

CREATE TABLE IF NOT EXISTS relayed (
    document_id text NOT NULL,
    client_id   bigint NOT NULL,
    clock       bigint NOT NULL,
    length      bigint NOT NULL,
    uid         text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, client_id, clock)
);
