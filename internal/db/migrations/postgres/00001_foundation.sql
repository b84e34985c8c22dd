-- +goose Up

CREATE TABLE journal_entry (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             bigint NOT NULL,
    kind           text   NOT NULL,
    actor_role     text   NOT NULL,
    actor_account  text,
    actor_person   text,
    actor_company  text,
    actor_name     text   NOT NULL,
    actor_session  text   NOT NULL,
    company_id     text,
    person_id      text,
    order_id       text,
    line_id        text,
    card_id        text,
    batch_id       text,
    reason         text   NOT NULL,
    data           text   NOT NULL,
    ip             text   NOT NULL
);
CREATE INDEX journal_entry_company ON journal_entry (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX journal_entry_person  ON journal_entry (person_id, id)  WHERE person_id IS NOT NULL;
CREATE INDEX journal_entry_order   ON journal_entry (order_id, id)   WHERE order_id IS NOT NULL;
CREATE INDEX journal_entry_line    ON journal_entry (line_id, id)    WHERE line_id IS NOT NULL;
CREATE INDEX journal_entry_card    ON journal_entry (card_id, id)    WHERE card_id IS NOT NULL;
CREATE INDEX journal_entry_batch   ON journal_entry (batch_id, id)   WHERE batch_id IS NOT NULL;

-- Entries that have no position yet.
CREATE TABLE journal_pending (
    entry_id bigint NOT NULL PRIMARY KEY REFERENCES journal_entry (id)
);

-- Positions from 1, without gaps. The tree's record number is the position less one.
CREATE TABLE journal_position (
    position bigint NOT NULL PRIMARY KEY,
    entry_id bigint NOT NULL UNIQUE REFERENCES journal_entry (id)
);

-- One row. position is the newest position and the size of the tree.
CREATE TABLE journal_head (
    id          bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    position    bigint NOT NULL,
    lease_token text   NOT NULL,
    lease_until bigint NOT NULL
);
INSERT INTO journal_head (id, position, lease_token, lease_until) VALUES (1, 0, '', 0);

-- The tree's stored hashes, by their index.
CREATE TABLE journal_hash (
    id   bigint NOT NULL PRIMARY KEY,
    hash bytea  NOT NULL
);

-- How far a reader of the feed has come.
CREATE TABLE journal_cursor (
    name     text   NOT NULL PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE job (
    id           text    NOT NULL PRIMARY KEY,
    kind         text    NOT NULL,
    args         text    NOT NULL,
    state        text    NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    run_at       bigint  NOT NULL,
    attempts     bigint  NOT NULL,
    max_attempts bigint  NOT NULL,
    lease_token  text    NOT NULL,
    lease_until  bigint,
    dedupe_key   text,
    last_error   text    NOT NULL,
    created_at   bigint  NOT NULL,
    done_at      bigint
);
CREATE INDEX job_due  ON job (run_at, id) WHERE state = 'waiting';
CREATE INDEX job_held ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_dead ON job (created_at, id) WHERE state = 'dead';
CREATE INDEX job_done ON job (done_at) WHERE state = 'done';
CREATE UNIQUE INDEX job_dedupe ON job (dedupe_key) WHERE state IN ('waiting', 'running');
