-- What may be shown of a blob besides itself. One row for each way that the same bytes are taken (by
-- the name and the type of a version: a.py is code, a.txt is text), so that no thread learns how
-- another one called them. A version has its preview once a job ran for it.

CREATE TABLE previews (
    preview_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    blob_id    text NOT NULL REFERENCES blobs ON DELETE CASCADE,
    kind       text NOT NULL,
    media_type text NOT NULL,
    width      integer,                          -- of a picture, upright
    height     integer,
    pages      integer,
    reason     text,                             -- a stable code, where nothing came of it
    text       text,                             -- cut; for search, too
    truncated  boolean NOT NULL,
    made_at    timestamptz NOT NULL,
    UNIQUE (blob_id, kind, media_type)
);

CREATE TABLE preview_parts (
    preview_id bigint NOT NULL REFERENCES previews ON DELETE CASCADE,
    part       text NOT NULL,                    -- thumb, view, pdf, page-1 and so on
    name       text NOT NULL UNIQUE,             -- in the store of blobs
    media_type text NOT NULL,
    size       bigint NOT NULL,
    width      integer,
    height     integer,
    made_at    timestamptz NOT NULL,
    PRIMARY KEY (preview_id, part)
);

CREATE TABLE version_previews (
    key        text PRIMARY KEY,                 -- of a version
    preview_id bigint NOT NULL REFERENCES previews ON DELETE CASCADE,
    at         timestamptz NOT NULL
);
CREATE INDEX version_previews_preview ON version_previews (preview_id);
