-- Rows at or before a snapshot of which a part waits for something earlier, so is not in its state.

ALTER TABLE document_snapshots ADD COLUMN waiting bigint[] NOT NULL DEFAULT '{}';

-- What somebody delivered under client ids of others: a projection of the rows `doc.relay`.

CREATE TABLE relayed (
    document_id text NOT NULL,
    client_id   bigint NOT NULL,
    clock       bigint NOT NULL,
    length      bigint NOT NULL,
    uid         text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, client_id, clock)
);
