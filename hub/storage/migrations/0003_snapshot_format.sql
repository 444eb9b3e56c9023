-- Snapshots say how they were made; those of an earlier way are made anew from the log.

ALTER TABLE document_snapshots ADD COLUMN format smallint NOT NULL DEFAULT 1;
