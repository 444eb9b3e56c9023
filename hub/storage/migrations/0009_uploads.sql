-- Bytes on their way and bytes that are here. No projection of a log: an offset is a fact of the
-- disk, and what refers to a blob (versions of attachments) comes from the log.

CREATE TABLE blobs (
    blob_id      text PRIMARY KEY,               -- root over the pieces (hub.wire.pieces)
    size         bigint NOT NULL,
    name         text NOT NULL UNIQUE,           -- in the store: of the upload that brought it
    hashes       bytea NOT NULL,                 -- SHA-256 of each piece, 32 bytes each
    sha256       bytea,                          -- of the whole, once it was computed
    created_at   timestamptz NOT NULL,
    unused_since timestamptz,                    -- nothing refers to it since then
    going        boolean NOT NULL DEFAULT false  -- being removed: nothing may refer to it any more
);
ALTER TABLE blobs ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE INDEX blobs_unused ON blobs (unused_since) WHERE unused_since IS NOT NULL;

CREATE TABLE uploads (
    upload_id  text PRIMARY KEY,
    uid        text NOT NULL,
    thread_id  text,                             -- null: a part of a parallel upload
    name       text NOT NULL,
    type       text NOT NULL,
    metadata   text NOT NULL,                    -- as it was sent
    size       bigint NOT NULL,
    received   bigint NOT NULL DEFAULT 0,        -- bytes that are durable
    state      text NOT NULL CHECK (state IN ('receiving', 'sealing', 'done', 'joined', 'failed')),
    partial    boolean NOT NULL DEFAULT false,
    parts      text[],                           -- of one put together from others
    begun      text NOT NULL,                    -- what the store needs to go on
    writer     text,                             -- whose marks count
    blob_id    text,
    reason     text,                             -- of a failure: a stable code
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX uploads_uid ON uploads (uid);
CREATE INDEX uploads_thread ON uploads (thread_id);
CREATE INDEX uploads_expires ON uploads (expires_at);
CREATE INDEX uploads_blob ON uploads (blob_id) WHERE blob_id IS NOT NULL;

CREATE TABLE upload_pieces (                     -- one row for each time that bytes became durable
    upload_id text NOT NULL REFERENCES uploads ON DELETE CASCADE,
    first     bigint NOT NULL,                   -- number of the first piece of `hashes`
    durable   bigint NOT NULL,
    hashes    bytea NOT NULL,
    note      text NOT NULL,                     -- of the store
    PRIMARY KEY (upload_id, durable)
);
