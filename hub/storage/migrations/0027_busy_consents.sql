-- Who may know when somebody is busy: asked for, agreed, or not; whoever asked is not told of a refusal.

CREATE TABLE busy_consents (
    owner       text NOT NULL,
    viewer      text NOT NULL,
    asked_at    timestamptz,                  -- null: it was agreed without
    agreed_at   timestamptz,
    refused_at  timestamptz,
    PRIMARY KEY (owner, viewer)
);
CREATE INDEX busy_consents_viewer ON busy_consents (viewer);
