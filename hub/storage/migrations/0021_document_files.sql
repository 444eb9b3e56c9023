-- Live documents that are files of their thread: a projection of the timeline.

CREATE TABLE document_files (
    document_id   text PRIMARY KEY,
    thread_id     text NOT NULL,
    attachment_id text NOT NULL,
    number        integer NOT NULL,              -- of the version that it goes on from
    format        text NOT NULL,
    encoding      text,                          -- of a text
    saved_seq     bigint NOT NULL,               -- of its own log: up to there it is in that version
    beside        integer,                       -- a version that its editors keep out of it
    merged_from   integer,                       -- of what version came in last: the one before it
    merged        integer,                       -- how many changes these were
    autosave      text                           -- it saves itself in the name of this member
);
CREATE INDEX document_files_attachment ON document_files (attachment_id, number);

ALTER TABLE versions ADD COLUMN document_id text;   -- it was saved from that
ALTER TABLE versions ADD COLUMN authors text[];     -- whose changes it brought
