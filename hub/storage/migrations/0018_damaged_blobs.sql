-- Bytes that are not what they were: whoever brings the same again heals the blob.

ALTER TABLE blobs ADD COLUMN damaged boolean NOT NULL DEFAULT false;
