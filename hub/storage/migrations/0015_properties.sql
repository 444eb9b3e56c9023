-- Projections of the timeline: what files say, under a key. They go with their attachment.

CREATE TABLE attachment_properties (
    attachment_id text NOT NULL,
    folded        text COLLATE "C" NOT NULL,     -- the key as keys are compared, and ordered
    thread_id     text NOT NULL,
    key           text NOT NULL,                 -- as it was written last
    target        bigint NOT NULL,               -- seq of the version that it was said of
    property      jsonb NOT NULL,
    source        jsonb,                         -- null: whoever set it says so
    words         text NOT NULL,                 -- by which it is found
    set_by        text NOT NULL,
    set_at        timestamptz NOT NULL,
    PRIMARY KEY (attachment_id, folded)
);
CREATE INDEX attachment_properties_thread ON attachment_properties (thread_id);
