-- Rows of documents that could not be read when the document was opened: `hub doctor` tells of them.

CREATE TABLE document_faults (
    document_id text NOT NULL,
    seq         bigint NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, seq)
);
