-- What is in a file that its document does not show, or cannot carry: codes, as it was opened.

ALTER TABLE document_files ADD COLUMN notices text[];
