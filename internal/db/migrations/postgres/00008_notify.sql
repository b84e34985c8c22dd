-- +goose Up
-- Mails to people. Address, name and data are sealed (purpose notify.mail, id of the row): data holds links whose tokens
-- are stored only as hashes elsewhere. It is erased (NULL) when the mail was sent or cancelled.
CREATE TABLE mail (
    id          text PRIMARY KEY,
    template    text NOT NULL,
    audience    text NOT NULL DEFAULT '',
    lang        text NOT NULL,
    to_sealed   bytea NOT NULL,
    data_sealed bytea,
    line_id     text,
    order_id    text,
    card_id     text,
    company_id  text,
    state       text NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'cancelled')),
    cancel_key  text NOT NULL DEFAULT '',
    created_at  bigint NOT NULL,
    not_before  bigint NOT NULL,
    ended_at    bigint,
    reply       text NOT NULL DEFAULT '',
    attempts    bigint NOT NULL DEFAULT 0,
    resent_as   text
);
CREATE INDEX mail_line ON mail (line_id) WHERE line_id IS NOT NULL;
CREATE INDEX mail_order ON mail (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX mail_card ON mail (card_id) WHERE card_id IS NOT NULL;
CREATE INDEX mail_cancel ON mail (cancel_key) WHERE state = 'waiting' AND cancel_key <> '';
CREATE INDEX mail_refused ON mail (ended_at) WHERE state = 'refused' AND data_sealed IS NOT NULL;
