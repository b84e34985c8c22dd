-- +goose Up
-- Every number ever reserved stays here: none is used twice.
CREATE TABLE card_number (
	number      text PRIMARY KEY,
	line_id     text NOT NULL,
	item_id     text NOT NULL UNIQUE,
	card_id     text UNIQUE,
	reserved_at bigint NOT NULL
);

-- Names and company are kept as printed. Expired is derived from valid_until, paused from the company.
CREATE TABLE card (
	id                  text PRIMARY KEY,
	number              text NOT NULL UNIQUE REFERENCES card_number (number),
	line_id             text NOT NULL UNIQUE,
	order_id            text NOT NULL,
	company_id          text NOT NULL REFERENCES company (id),
	person_id           text NOT NULL REFERENCES person (id),
	type                text NOT NULL,
	state               text NOT NULL CHECK (state IN ('produced', 'active', 'blocked', 'terminated')),
	revision            bigint NOT NULL,
	given_name          text NOT NULL,
	surname             text NOT NULL,
	company_name        text NOT NULL,
	organisation_number text NOT NULL,
	valid_until         text NOT NULL,
	photo_id            text NOT NULL,
	chip_uid            text NOT NULL,
	tracking            text NOT NULL,
	ordered_by_name     text NOT NULL,
	order_number        text NOT NULL,
	predecessor_id      text,
	produced_at         bigint NOT NULL,
	dispatched_at       bigint,
	activated_at        bigint,
	blocked_at          bigint,
	terminated_at       bigint,
	block_reason        text NOT NULL,
	blocked_by          text NOT NULL,
	end_reason          text NOT NULL,
	note                text NOT NULL
);
CREATE UNIQUE INDEX card_chip ON card (chip_uid) WHERE chip_uid <> '';
CREATE UNIQUE INDEX card_one_active ON card (company_id, person_id, type) WHERE state = 'active';
CREATE INDEX card_person ON card (person_id);
CREATE INDEX card_company_expiry ON card (company_id, valid_until) WHERE state IN ('produced', 'active', 'blocked');
-- Lists of cards by name: of one state, and of all.
CREATE INDEX card_company_state_name ON card (company_id, state, surname, given_name, id, valid_until);
CREATE INDEX card_company_name ON card (company_id, surname, given_name, id);
CREATE INDEX order_line_company_name ON order_line (company, surname, given_name, id) WHERE state <> 'draft';

-- A PIN is sealed with a key outside the database, bound to number and activation; the row goes when the card ends.
CREATE TABLE card_pin (
	card_id       text PRIMARY KEY REFERENCES card (id),
	activation_id text NOT NULL,
	sealed        bytea NOT NULL,
	pvv           text NOT NULL,
	made_at       bigint NOT NULL
);

-- Wrong digits and numbers, counted per card and kind. Times are wall time.
CREATE TABLE card_try (
	card_id      text NOT NULL REFERENCES card (id),
	kind         text NOT NULL CHECK (kind IN ('digits', 'number')),
	wrong        bigint NOT NULL,
	locked_until bigint,
	PRIMARY KEY (card_id, kind)
);

-- Machines that may ask about cards. Only the key's hash is kept.
CREATE TABLE reader (
	id         text PRIMARY KEY,
	name       text NOT NULL,
	key_hash   text NOT NULL UNIQUE,
	created_at bigint NOT NULL,
	revoked_at bigint
);
