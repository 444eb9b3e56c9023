-- The names that messages mention people by, as they were when it was written: beside `mentions`.
ALTER TABLE items ADD COLUMN mention_names text[] NOT NULL DEFAULT '{}';
