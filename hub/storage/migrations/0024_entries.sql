-- Projections of the timeline: tasks and meetings, and whom they are or were for.

CREATE TABLE entries (
    entry_id    text COLLATE "C" PRIMARY KEY,
    thread_id   text NOT NULL,
    kind        text NOT NULL,                -- task or event
    uid         text COLLATE "C" NOT NULL,    -- its iCalendar UID
    ical        text NOT NULL,
    facts       jsonb NOT NULL,               -- hub.wire.agenda.EntryFacts, as the event tells them
    is_open     boolean NOT NULL,             -- to be done, or not cancelled
    due         timestamptz,                  -- of a task, by the clocks of UTC if it has no zone
    over        timestamptz,                  -- of a meeting after its last moment; null: none is
    seq         bigint NOT NULL,              -- of the event that said it last
    added_seq   bigint NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL,
    removed_by  text,
    erase_at    timestamptz
);
CREATE INDEX entries_thread ON entries (thread_id, entry_id);
CREATE INDEX entries_open ON entries (thread_id, coalesce(due, over))
    WHERE is_open AND removed_by IS NULL;
CREATE INDEX entries_erase_at ON entries (erase_at) WHERE erase_at IS NOT NULL;
CREATE INDEX entries_source ON entries (thread_id, ((facts->'source'->>'seq')::bigint))
    WHERE facts->'source' ? 'seq';

CREATE TABLE entry_people (
    entry_id    text COLLATE "C" NOT NULL,
    uid         text NOT NULL,
    thread_id   text NOT NULL,
    is_asked    boolean NOT NULL,             -- false: it was for them once, so that they see it
    answer      text NOT NULL,
    PRIMARY KEY (entry_id, uid)
);
CREATE INDEX entry_people_thread ON entry_people (thread_id);
CREATE INDEX entry_people_uid ON entry_people (uid) WHERE is_asked;

-- When they are, between a year ago and three years from now: no projection, but worked out from
-- them again whenever ``through`` comes near.

CREATE TABLE occurrences (
    entry_id    text COLLATE "C" NOT NULL,
    nth         integer NOT NULL,
    occurrence  text,                         -- of a series its RECURRENCE-ID
    first       timestamptz NOT NULL,         -- by the clocks of UTC if they float
    last        timestamptz NOT NULL,
    floats      boolean NOT NULL,             -- days, and times without a zone
    says        jsonb NOT NULL,               -- hub.wire.agenda.OccurrenceSays
    PRIMARY KEY (entry_id, nth)
);
CREATE INDEX occurrences_first ON occurrences (entry_id, first);

CREATE TABLE expansions (
    entry_id    text COLLATE "C" PRIMARY KEY,
    digest      text NOT NULL,                -- MD5 of the text that they were worked out of
    rows_digest text NOT NULL,                -- of what was worked out
    through     timestamptz                   -- null: there is nothing after
);
CREATE INDEX expansions_through ON expansions (through) WHERE through IS NOT NULL;

-- The thread of one's own, for what concerns nobody else.

CREATE TABLE personal_threads (
    uid         text PRIMARY KEY,
    thread_id   text NOT NULL
);
