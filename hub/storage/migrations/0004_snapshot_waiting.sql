-- Rows at or before a snapshot of which a part waits for something earlier, so is not in its state.

ALTER TABLE document_snapshots ADD COLUMN waiting bigint[] NOT NULL DEFAULT '{}';
