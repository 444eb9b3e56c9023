-- What malware scanners said of blobs. The last word of a blob is kept with it; a version knows
-- whether its thread was told that it is blocked (an event, so that a rebuild knows it, too).

CREATE TABLE verdicts (
    verdict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    blob_id    text NOT NULL REFERENCES blobs ON DELETE CASCADE,
    engine     text NOT NULL,
    database   text NOT NULL,                    -- of signatures, as the engine names it
    result     text NOT NULL CHECK (result IN ('clean', 'blocked', 'unscannable')),
    finding    text NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX verdicts_blob ON verdicts (blob_id, verdict_id);

ALTER TABLE blobs
    ADD COLUMN verdict text CHECK (verdict IN ('clean', 'blocked', 'unscannable')),
    ADD COLUMN finding text,
    ADD COLUMN scanned_with text,                -- engine and database of that
    ADD COLUMN scanned_at timestamptz;
CREATE INDEX blobs_scanned ON blobs (created_at, scanned_with);

ALTER TABLE versions ADD COLUMN blocked boolean NOT NULL DEFAULT false;
