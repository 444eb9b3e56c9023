-- What is to be done later: by any process, at least once, by one at a time.

CREATE TABLE jobs (
    job_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    key        text NOT NULL,                    -- what it is about: one job of a kind for each
    due_at     timestamptz NOT NULL,
    worker     text,                             -- who is at it, until `lease_until`
    lease_until timestamptz,
    again      boolean NOT NULL DEFAULT false,   -- asked for again while somebody was at it
    tries      integer NOT NULL DEFAULT 0,
    error      text,                             -- of the last try
    given_up   boolean NOT NULL DEFAULT false,   -- for an operator to see
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, key)
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE NOT given_up;
