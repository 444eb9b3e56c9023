-- Accounts, sign-in, streams, documents and the projections of the timeline.

CREATE FUNCTION hub_fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- Accents ignored without the unaccent extension: decompose, drop combining marks, lower.
    AS $$ SELECT lower(regexp_replace(normalize(value, NFKD), U&'[\0300-\036F]', '', 'g')) $$;

CREATE FUNCTION hub_words(value text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- Punctuation parts words: the parser would keep addresses, versions and numbers whole, and
    -- nobody could find "example" in "north.example".
    AS $$ SELECT to_tsvector('pg_catalog.simple',
                             regexp_replace(hub_fold(value), '[!-/:-@[-`{-~]+', ' ', 'g')) $$;

CREATE TABLE settings (
    name  text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE accounts (
    uid           text PRIMARY KEY,
    display_name  text NOT NULL,
    password_hash text,
    is_owner      boolean NOT NULL DEFAULT false,
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL
);

CREATE TABLE addresses (
    address    text PRIMARY KEY,               -- as normalised by hub.identity.addresses
    uid        text NOT NULL REFERENCES accounts,
    is_primary boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE INDEX addresses_uid ON addresses (uid);

CREATE TABLE sessions (
    id            text PRIMARY KEY,
    secret_digest bytea NOT NULL UNIQUE,
    uid           text NOT NULL REFERENCES accounts,
    user_agent    text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz
);
CREATE INDEX sessions_uid ON sessions (uid) WHERE ended_at IS NULL;

CREATE TABLE tokens (
    id            text PRIMARY KEY,
    secret_digest bytea NOT NULL UNIQUE,
    uid           text NOT NULL REFERENCES accounts,
    name          text NOT NULL,
    scopes        text[] NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz
);
CREATE INDEX tokens_uid ON tokens (uid) WHERE revoked_at IS NULL;

CREATE TABLE links (
    id            text PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('first_owner', 'invitation', 'reset')),
    secret_digest bytea NOT NULL UNIQUE,
    created_by    text REFERENCES accounts,
    for_uid       text REFERENCES accounts,     -- reset
    address       text,                         -- invitation, when bound to one
    thread_id     text,
    role          text NOT NULL DEFAULT 'editor',
    note          text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    used_by       text REFERENCES accounts,
    revoked_at    timestamptz
);

-- The logs: nothing below this line but `streams` and `events` holds a fact that they do not.

CREATE TABLE streams (
    stream_id text PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('timeline', 'document')),
    thread_id text NOT NULL,
    head_seq  bigint NOT NULL DEFAULT 0,
    head_hash bytea,                             -- SHA-256 of the last position_payload
    head_at   timestamptz                        -- `at` never goes back within a stream
);

CREATE TABLE thread_creations (                  -- so that creating twice is one thread
    sender    text NOT NULL,
    send_id   text NOT NULL,
    thread_id text NOT NULL,
    PRIMARY KEY (sender, send_id)
);

CREATE TABLE events (
    stream_id        text NOT NULL REFERENCES streams,
    seq              bigint NOT NULL,
    type             text NOT NULL,
    sender           text NOT NULL,
    at               timestamptz NOT NULL,
    send_id          text,
    ev               bytea NOT NULL,             -- SHA-256(event_payload)
    event_payload    bytea NOT NULL,
    position_payload bytea NOT NULL,
    bh               bytea NOT NULL,             -- SHA-256(salt || body)
    salt             bytea,                      -- null once erased
    body             bytea,                      -- null once erased or repacked into a segment
    event_sig        bytea,
    position_sig     bytea,
    PRIMARY KEY (stream_id, seq),
    UNIQUE (stream_id, ev)
);
ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX events_send_id ON events (stream_id, sender, send_id) WHERE send_id IS NOT NULL;

-- Documents.

CREATE SEQUENCE document_numbers;

CREATE TABLE documents (                         -- projection of document.create / document.rename
    document_id    text PRIMARY KEY,             -- also its stream_id
    number         bigint NOT NULL UNIQUE,
    thread_id      text NOT NULL,
    kind           text NOT NULL,
    title          text NOT NULL,
    language       text,
    schema_version integer NOT NULL,
    lineage        text NOT NULL,
    created_by     text NOT NULL,
    created_seq    bigint NOT NULL,
    created_at     timestamptz NOT NULL
);
CREATE INDEX documents_thread ON documents (thread_id, created_seq);

CREATE TABLE client_ids (                        -- who may write under which Yjs client id, for ever
    document_id text NOT NULL,
    first_id    bigint NOT NULL,
    last_id     bigint NOT NULL,
    uid         text NOT NULL,
    origin      text NOT NULL CHECK (origin IN ('leased', 'bound')),
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, first_id)
);

CREATE TABLE document_snapshots (                -- apply-and-encode of all rows up to seq
    document_id text NOT NULL,
    seq         bigint NOT NULL,
    state       bytea NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, seq)
);

CREATE TABLE document_segments (                 -- bodies and salts of rows first..last, repacked
    document_id text NOT NULL,
    first_seq   bigint NOT NULL,
    last_seq    bigint NOT NULL,
    format      smallint NOT NULL,
    data        bytea NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, first_seq)
);

-- Projections of the timeline (`hub rebuild` empties and refills them).

CREATE TABLE threads (
    thread_id  text PRIMARY KEY,
    subject    text NOT NULL,
    home       text NOT NULL,
    history    text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,             -- last message or creation
    last_seq   bigint NOT NULL,                  -- last event projected
    last_message_seq bigint
);

CREATE TABLE members (
    thread_id  text NOT NULL,
    uid        text NOT NULL,
    role       text,                             -- null = no longer a member
    since_seq  bigint NOT NULL,                  -- of the latest joining; what "joined" history shows
    since_at   timestamptz NOT NULL,
    PRIMARY KEY (thread_id, uid)
);
CREATE INDEX members_uid ON members (uid) WHERE role IS NOT NULL;

CREATE TABLE items (                             -- the history as it reads now
    thread_id  text NOT NULL,
    seq        bigint NOT NULL,
    type       text NOT NULL,
    sender     text NOT NULL,
    at         timestamptz NOT NULL,
    version    bigint NOT NULL,
    data       bytea,                            -- JSON body of a system line
    text       text,                             -- null once deleted
    reply_to   bigint,
    mentions   text[] NOT NULL DEFAULT '{}',
    edited_at  timestamptz,
    deleted_at timestamptz,
    deleted_by text,
    erase_at   timestamptz,                      -- until then a delete can be undone
    erased     boolean NOT NULL DEFAULT false,
    search     tsvector,
    PRIMARY KEY (thread_id, seq)
);
CREATE INDEX items_search ON items USING gin (search);
CREATE INDEX items_erase ON items (erase_at) WHERE erase_at IS NOT NULL AND NOT erased;

CREATE TABLE reactions (
    thread_id text NOT NULL,
    seq       bigint NOT NULL,
    emoji     text NOT NULL,
    uid       text NOT NULL,
    at_seq    bigint NOT NULL,
    PRIMARY KEY (thread_id, seq, emoji, uid)
);

-- Private state, no projection: not in any log.

CREATE TABLE read_marks (
    thread_id text NOT NULL,
    uid       text NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (thread_id, uid)
);
