-- +goose Up

-- One identification or signature. Times are wall time. request, handles and assertion are sealed:
-- what was asked and what for, the provider's tokens, and what the provider vouched for. subject is a keyed hash of
-- what it was started for: the address that somebody is on the way to may be a link with a token.
CREATE TABLE eid_transaction (
    id            text    NOT NULL PRIMARY KEY,
    browser_hash  text    NOT NULL,
    provider      text    NOT NULL,
    purpose       text    NOT NULL CHECK (purpose IN ('identify', 'sign')),
    subject       text    NOT NULL,
    lang          text    NOT NULL,
    state         text    NOT NULL CHECK (state IN ('pending', 'complete', 'used', 'failed', 'unresolved')),
    hint          text    NOT NULL,
    request       bytea    NOT NULL,
    handles       bytea    NOT NULL,
    assertion     bytea,
    evidence_id   text,
    restarts      bigint  NOT NULL,
    revision      bigint  NOT NULL,
    started_at    bigint  NOT NULL,
    ended_at      bigint,
    used_at       bigint,
    lease_owner   text    NOT NULL,
    lease_until   bigint  NOT NULL
);
CREATE INDEX eid_transaction_pending ON eid_transaction (lease_until) WHERE state = 'pending';
CREATE INDEX eid_transaction_started ON eid_transaction (started_at);

-- The provider's final answers as received, sealed. They outlive the transaction.
CREATE TABLE eid_evidence (
    id             text   NOT NULL PRIMARY KEY,
    transaction_id text   NOT NULL,
    provider       text   NOT NULL,
    purpose        text   NOT NULL CHECK (purpose IN ('identify', 'sign')),
    at             bigint NOT NULL,
    answer         bytea   NOT NULL,
    asked          bytea   NOT NULL
);
CREATE INDEX eid_evidence_transaction ON eid_evidence (transaction_id);
