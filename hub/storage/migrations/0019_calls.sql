-- Calls, as their events tell them; and when the devices of those who are in were last heard of.

CREATE TABLE calls (
    thread_id text NOT NULL,
    seq       bigint NOT NULL,                   -- of its start
    call_id   text NOT NULL,
    state     text NOT NULL,                     -- JSON of hub.wire.calls.Call
    running   boolean NOT NULL,
    PRIMARY KEY (thread_id, seq)
);
CREATE INDEX calls_running ON calls (thread_id) WHERE running;
CREATE UNIQUE INDEX calls_by_id ON calls (thread_id, call_id);

CREATE TABLE missed_calls (
    thread_id text NOT NULL,
    seq       bigint NOT NULL,                   -- of the start of the call
    uid       text NOT NULL,
    PRIMARY KEY (thread_id, seq, uid)
);
CREATE INDEX missed_calls_of ON missed_calls (uid, thread_id, seq);

-- Passing state, no projection.

CREATE TABLE call_devices (
    call_id text NOT NULL,
    uid     text NOT NULL,
    device  text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (call_id, uid, device)
);

ALTER TABLE accounts ADD COLUMN quiet boolean NOT NULL DEFAULT false;   -- calls do not sound
