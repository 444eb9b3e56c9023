-- Projections of the timeline: numbers by which a thread, or a message of it, is found. What was
-- taken away stays as a row that is off: it is not proposed again.

CREATE TABLE thread_references (
    thread_id text NOT NULL,
    target    bigint NOT NULL,                -- seq of the message; 0: the thread's own
    id        text COLLATE "C" NOT NULL,      -- kind, key and whose
    kind      text NOT NULL,
    number    text NOT NULL,                  -- as it was written
    whose     text NOT NULL,                  -- empty: ours
    key       text COLLATE "C" NOT NULL,      -- what all ways to write it have in common
    shape     text COLLATE "C" NOT NULL,      -- and what all that look like it have
    matter    text COLLATE "C" NOT NULL,      -- id of the number that it is another name of
    is_on     boolean NOT NULL,
    by_rule   boolean NOT NULL,
    set_by    text NOT NULL,
    set_at    timestamptz NOT NULL,
    seq       bigint NOT NULL,                -- of the event that put it there, and which of that
    place     integer NOT NULL,
    PRIMARY KEY (thread_id, target, id)
);
CREATE INDEX thread_references_shape ON thread_references (shape) WHERE is_on;
CREATE INDEX thread_references_matter ON thread_references (thread_id, matter)
    WHERE is_on AND target = 0;
CREATE INDEX thread_references_key ON thread_references (key) WHERE is_on;

-- What the hub's owner wants to be found, beside what is built in.

CREATE TABLE reference_rules (
    rule_id    text PRIMARY KEY,
    kind       text NOT NULL,
    pattern    text NOT NULL,
    whose      text NOT NULL,
    checks     text,
    apply      boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);

-- A number, or how numbers begin, that people gather the threads of.

CREATE TABLE channels (
    channel_id text PRIMARY KEY,
    name       text NOT NULL,
    number     text NOT NULL,
    kind       text,                          -- null: of any
    is_prefix  boolean NOT NULL,
    is_open    boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE channel_members (
    channel_id text NOT NULL REFERENCES channels ON DELETE CASCADE,
    uid        text NOT NULL,
    PRIMARY KEY (channel_id, uid)
);
CREATE INDEX channels_created_by ON channels (created_by);
CREATE INDEX channel_members_uid ON channel_members (uid);
