-- Files are found by the words in them: the start of them, as much as an index takes.

CREATE FUNCTION hub_text_words(value text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT
    -- How much fits is known only by trying: a syllable may fold to nine bytes.
    AS $$
DECLARE
    part text := left(value, 200000);
BEGIN
    LOOP
        BEGIN
            RETURN hub_words(part);
        EXCEPTION WHEN program_limit_exceeded THEN
            part := left(part, length(part) / 2);
        END;
    END LOOP;
END
$$;

ALTER TABLE previews ADD COLUMN search tsvector
    GENERATED ALWAYS AS (hub_text_words(text)) STORED;
CREATE INDEX previews_search ON previews USING gin (search);
