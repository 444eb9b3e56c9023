-- Files are found by the words in them: the start of them, as much as an index takes.

ALTER TABLE previews ADD COLUMN search tsvector
    GENERATED ALWAYS AS (hub_words(left(text, 200000))) STORED;
CREATE INDEX previews_search ON previews USING gin (search);
