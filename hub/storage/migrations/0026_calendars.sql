-- What somebody's calendar programs know of their tasks and meetings (CalDAV): under which name, and as
-- of which number of a collection. Brought up to date when a program asks.

CREATE TABLE calendars (
    uid         text NOT NULL,
    kind        text NOT NULL,                -- of what is in it: task or event
    number      bigint NOT NULL DEFAULT 0,    -- of its last change
    floor       bigint NOT NULL DEFAULT 0,    -- what went before this change is forgotten
    PRIMARY KEY (uid, kind)
);

CREATE TABLE calendar_items (
    uid         text NOT NULL,
    entry_id    text COLLATE "C" NOT NULL,
    kind        text NOT NULL,
    name        text COLLATE "C" NOT NULL,    -- in addresses
    seq         bigint NOT NULL DEFAULT 0,    -- of the entry, as programs were told; 0: not yet
    own         text,                         -- what concerns nobody else (alarms); null: nothing was said
    own_number  integer NOT NULL DEFAULT 0,   -- of changes of that
    number      bigint NOT NULL DEFAULT 0,    -- of the collection's change that was the last of this
    is_there    boolean NOT NULL DEFAULT false,
    hidden_answer text,                       -- taken out on a device, until they answer otherwise
    named_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (uid, entry_id),
    UNIQUE (uid, kind, name)
);
CREATE INDEX calendar_items_number ON calendar_items (uid, kind, number);

-- What comes in once more is found by its iCalendar UID.
CREATE INDEX entries_uid ON entries (thread_id, uid);
