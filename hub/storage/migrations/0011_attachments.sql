-- Projections of the timeline: the files of a thread. An erased attachment has no row any more.

CREATE TABLE attachments (
    attachment_id text PRIMARY KEY,
    thread_id     text NOT NULL,
    name          text NOT NULL,
    document_id   text,                          -- it is a picture of that
    added_by      text NOT NULL,
    added_seq     bigint NOT NULL,
    added_at      timestamptz NOT NULL,
    number        integer,                       -- of the version that is shown; null while none is ready
    removed_by    text,
    erase_at      timestamptz,                   -- until then a removal can be undone
    search        tsvector
);
CREATE INDEX attachments_thread ON attachments (thread_id, added_seq);
CREATE INDEX attachments_erase ON attachments (erase_at) WHERE erase_at IS NOT NULL;
CREATE INDEX attachments_search ON attachments USING gin (search);

CREATE TABLE versions (
    attachment_id text NOT NULL,
    key           text NOT NULL,                 -- of the upload, or of its own
    thread_id     text NOT NULL,
    seq           bigint NOT NULL,               -- of the event that added it
    author        text NOT NULL,
    at            timestamptz NOT NULL,
    name          text NOT NULL,
    type          text NOT NULL,
    size          bigint NOT NULL,
    state         text NOT NULL CHECK (state IN ('arriving', 'ready', 'same', 'failed')),
    number        integer,
    blob_id       text,
    reason        text,
    PRIMARY KEY (attachment_id, key)
);
CREATE UNIQUE INDEX versions_number ON versions (attachment_id, number) WHERE state = 'ready';
CREATE INDEX versions_key ON versions (key);
CREATE INDEX versions_thread ON versions (thread_id, seq);
CREATE INDEX versions_blob ON versions (blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX versions_author ON versions (author);

ALTER TABLE items ADD COLUMN files jsonb;        -- of a message: [{attachment, key}]
