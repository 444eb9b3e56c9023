-- How lines end in the file of a plain-text document; inside they end with LF.
ALTER TABLE documents ADD COLUMN line_ends text NOT NULL DEFAULT 'lf' CHECK (line_ends IN ('lf', 'crlf'));
