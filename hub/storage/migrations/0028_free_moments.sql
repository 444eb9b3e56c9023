-- Which moments of a meeting leave people free is said by each of them: those of texts that say so
-- are worked out again.
UPDATE expansions x SET digest = '' FROM entries e
WHERE e.entry_id = x.entry_id AND e.ical ~* '\nTRANSP(;[^\r\n]*)?:TRANSPARENT';
