-- +goose Up

-- An order of a company. A draft has no submitted_at.
CREATE TABLE card_order (
    id               text PRIMARY KEY,
    company          text NOT NULL REFERENCES company (id),
    number           text NOT NULL UNIQUE,
    ordered_by       text NOT NULL,
    ordered_by_person text,
    ordered_by_name  text NOT NULL,
    reference        text NOT NULL,
    cost_centre      text NOT NULL,
    address          text,
    address_name     text NOT NULL,
    line1            text NOT NULL,
    care_of          text NOT NULL,
    postcode         text NOT NULL,
    city             text NOT NULL,
    country          text NOT NULL,
    created_at       bigint NOT NULL,
    changed_at       bigint NOT NULL,
    submitted_at     bigint,
    revision         bigint NOT NULL
);
CREATE INDEX card_order_submitted ON card_order (company, submitted_at, id) WHERE submitted_at IS NOT NULL;
CREATE INDEX card_order_draft ON card_order (company, changed_at) WHERE submitted_at IS NULL;
CREATE INDEX card_order_draft_age ON card_order (changed_at) WHERE submitted_at IS NULL;

-- One card for one person. Claimed data is what the orderer typed, proven data what an eID vouched for.
CREATE TABLE order_line (
    id                     text PRIMARY KEY,
    order_id               text NOT NULL REFERENCES card_order (id),
    company                text NOT NULL REFERENCES company (id),
    position               bigint NOT NULL,
    state                  text NOT NULL CHECK (state IN ('draft', 'ordered', 'rejected_by_reviewer', 'awaiting_cardholder',
                               'rejected_by_cardholder', 'approved', 'in_production', 'produced', 'cancelled')),
    revision               bigint NOT NULL,
    writes                 bigint NOT NULL,
    typed                  blob,
    given_name             text NOT NULL,
    surname                text NOT NULL,
    short_given            text NOT NULL,
    short_surname          text NOT NULL,
    birth_date             text,
    nationality            text NOT NULL,
    personal_number        blob,
    personal_number_hash   text NOT NULL,
    personal_number_masked text NOT NULL,
    email                  text NOT NULL,
    phone                  text NOT NULL,
    lang                   text NOT NULL,
    card_type              text NOT NULL,
    valid_until            text,
    replaces               text NOT NULL,
    photo                  text,
    photo_sha256           text NOT NULL,
    photo_hash             bigint NOT NULL,
    original_photo         text,
    original_sha256        text NOT NULL,
    original_hash          bigint NOT NULL,
    previous_photo         text,
    photo_crop             text NOT NULL,
    photo_verdict          text NOT NULL,
    photo_at               bigint,
    queued_at              bigint,
    attempts               bigint NOT NULL,
    changed                text NOT NULL,
    changed_at             bigint,
    untold                 text NOT NULL,
    told_at                bigint,
    told_before_at         bigint,
    reviewed_at            bigint,
    reviewed_by            text,
    reviewed_by_name       text NOT NULL,
    review_outcome         text NOT NULL,
    review_reasons         text NOT NULL,
    review_text            text NOT NULL,
    review_revision        bigint NOT NULL,
    person                 text,
    proven_given           text NOT NULL,
    proven_surname         text NOT NULL,
    proven_birth_date      text,
    proven_by              text NOT NULL,
    proven_at              bigint,
    nationality_proven     boolean NOT NULL,
    match_level            text NOT NULL,
    reject_reason          text NOT NULL,
    return_reason          text NOT NULL,
    cancel_reason          text NOT NULL,
    evidence               text,
    signed_at              bigint,
    signed_company         text NOT NULL,
    signed_company_number  text NOT NULL,
    awaiting_since         bigint,
    waits_since            bigint,
    reminded               bigint NOT NULL,
    lapse_told_at          bigint,
    due_at                 bigint,
    created_at             bigint NOT NULL,
    state_at               bigint NOT NULL
);
CREATE INDEX order_line_order ON order_line (order_id, position);
CREATE INDEX order_line_company ON order_line (company, id) WHERE state <> 'draft';
CREATE INDEX order_line_state ON order_line (company, state, id);
CREATE INDEX order_line_correct ON order_line (company, id)
    WHERE state = 'rejected_by_reviewer' OR state = 'rejected_by_cardholder' OR (state = 'awaiting_cardholder' AND match_level = 'mismatch');
CREATE INDEX order_line_production ON order_line (company, id) WHERE state = 'approved' OR state = 'in_production';
CREATE INDEX order_line_number ON order_line (company, personal_number_hash, id);
CREATE INDEX order_line_cardholder ON order_line (personal_number_hash, id) WHERE state <> 'draft';
CREATE INDEX order_line_person ON order_line (person, id) WHERE person IS NOT NULL;
CREATE INDEX order_line_queue ON order_line (queued_at, id) WHERE state = 'ordered';
CREATE INDEX order_line_due ON order_line (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX order_line_original_sha ON order_line (original_sha256);
CREATE INDEX order_line_original_hash ON order_line (original_hash);
CREATE INDEX order_line_photo_hash ON order_line (photo_hash);
CREATE INDEX order_line_email ON order_line (company, email);
-- Two open lines for the same person, company and type can't exist, however the requests race.
CREATE UNIQUE INDEX order_line_open ON order_line (company, personal_number_hash, card_type)
    WHERE state IN ('ordered', 'rejected_by_reviewer', 'awaiting_cardholder', 'rejected_by_cardholder', 'approved', 'in_production');

-- The words by which a company finds its lines, folded: of the cardholder's name and of the orderer's.
CREATE TABLE order_line_word (
    company text NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('name', 'orderer')),
    word    text NOT NULL,
    line    text NOT NULL REFERENCES order_line (id),
    PRIMARY KEY (company, kind, word, line)
);
CREATE INDEX order_line_word_line ON order_line_word (line);

-- Links in mails to cardholders. Only the hash is kept.
CREATE TABLE order_link (
    token_hash text PRIMARY KEY,
    line       text NOT NULL REFERENCES order_line (id),
    created_at bigint NOT NULL
);
CREATE INDEX order_link_line ON order_link (line);
