-- Decomposing sorts each run of combining marks, in the square of its length: a message of 40,000 of
-- them held its writer for 6 s. A joiner (U+034F), itself no mark that is sorted, ends every run
-- after 30 characters, as in Unicode's stream-safe text (UAX #15, section 13); it goes with the
-- accents. What was folded before folds to the same, but for the order of marks in longer runs.
CREATE OR REPLACE FUNCTION hub_fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT lower(regexp_replace(
                     normalize(regexp_replace(value, U&'([^\0001-\007F]{30})', U&'\\1\034F', 'g'),
                               NFKD),
                     U&'[\0300-\036F]', '', 'g')) $$;
