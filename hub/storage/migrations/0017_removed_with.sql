-- The message whose deletion took a file along, and whose return brings it back.

ALTER TABLE attachments ADD COLUMN removed_with bigint;
