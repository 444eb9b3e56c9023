-- Reminders are private: no events, but rows of who set them. One that is due becomes a notice, which
-- stays until it was seen; one that is before each moment of a task or a meeting waits for the next.

CREATE TABLE reminders (
    reminder_id text COLLATE "C" PRIMARY KEY,
    uid         text NOT NULL,
    note        text NOT NULL,
    due_at      timestamptz,                  -- null: there is no moment to come
    moment      jsonb,                        -- hub.wire.agenda.When: as it was said; null: before_s
    zone        text NOT NULL,                -- of who set it, for days
    before_s    integer,                      -- before each moment of the entry
    through     timestamptz,                  -- of the last moment that was reminded of
    thread_id   text,
    seq         bigint,
    entry_id    text COLLATE "C",
    for_thread  boolean NOT NULL,             -- said to everybody there
    created_at  timestamptz NOT NULL
);
CREATE INDEX reminders_due ON reminders (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reminders_uid ON reminders (uid);
CREATE INDEX reminders_entry ON reminders (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX reminders_thread ON reminders (thread_id) WHERE for_thread;

CREATE TABLE notices (
    notice_id   text COLLATE "C" PRIMARY KEY, -- of the reminder and its moment: there is one
    uid         text NOT NULL,
    at          timestamptz NOT NULL,
    body        jsonb NOT NULL,               -- hub.wire.reminders.NoticeBody
    seen_at     timestamptz
);
CREATE INDEX notices_unseen ON notices (uid, at) WHERE seen_at IS NULL;
CREATE INDEX notices_seen_at ON notices (seen_at) WHERE seen_at IS NOT NULL;

-- A message that its sender had said at a moment.
ALTER TABLE items ADD COLUMN reminder boolean NOT NULL DEFAULT false;
