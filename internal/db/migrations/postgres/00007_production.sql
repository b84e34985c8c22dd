-- +goose Up
CREATE TABLE batch (
	id           text PRIMARY KEY,
	year         bigint NOT NULL,
	seq          bigint NOT NULL,
	number       text NOT NULL UNIQUE,
	state        text NOT NULL CHECK (state IN ('open', 'closed', 'delivered', 'acknowledged', 'done')),
	size         bigint NOT NULL,
	opened_at    bigint NOT NULL,
	closed_at    bigint,
	delivered_at bigint,
	asked_at     bigint,
	asked        bigint NOT NULL,
	done_at      bigint,
	UNIQUE (year, seq)
);
CREATE UNIQUE INDEX batch_one_open ON batch (state) WHERE state = 'open';
CREATE INDEX batch_underway ON batch (delivered_at) WHERE state IN ('delivered', 'acknowledged');

-- One card to be made, as it goes to the bureau: a snapshot, so that a delivery that is repeated carries the same.
CREATE TABLE batch_item (
	id                  text PRIMARY KEY,
	batch_id            text NOT NULL REFERENCES batch (id),
	line_id             text NOT NULL,
	order_id            text NOT NULL,
	company_id          text NOT NULL REFERENCES company (id),
	person_id           text NOT NULL REFERENCES person (id),
	number              text NOT NULL UNIQUE REFERENCES card_number (number),
	state               text NOT NULL CHECK (state IN ('reserved', 'sent', 'produced', 'dispatched', 'failed', 'remade', 'returned')),
	revision            bigint NOT NULL,
	attempt             bigint NOT NULL,
	remake_of           text REFERENCES batch_item (id),
	type                text NOT NULL,
	given_name          text NOT NULL,
	surname             text NOT NULL,
	company_name        text NOT NULL,
	organisation_number text NOT NULL,
	valid_until         text NOT NULL,
	photo_id            text NOT NULL,
	address             text NOT NULL,
	ordered_by_name     text NOT NULL,
	order_number        text NOT NULL,
	artwork_id          text,
	artwork_svg_id      text,
	reject_code         text NOT NULL,
	chip_uid            text NOT NULL,
	tracking            text NOT NULL,
	card_id             text,
	created_at          bigint NOT NULL,
	sent_at             bigint,
	produced_at         bigint,
	dispatched_at       bigint,
	failed_at           bigint
);
-- A line has at most one item that can still become its card.
CREATE UNIQUE INDEX batch_item_live ON batch_item (line_id) WHERE state IN ('reserved', 'sent', 'produced', 'dispatched', 'failed');
CREATE INDEX batch_item_line ON batch_item (line_id);
CREATE INDEX batch_item_batch ON batch_item (batch_id, number);
CREATE INDEX batch_item_failed ON batch_item (failed_at) WHERE state = 'failed';
CREATE INDEX batch_item_remake ON batch_item (remake_of) WHERE remake_of IS NOT NULL;

-- Every receipt ever taken, by the bureau's id: the same id with other content is refused.
CREATE TABLE receipt (
	id           text PRIMARY KEY,
	payload_hash text NOT NULL,
	item_id      text NOT NULL,
	kind         text NOT NULL,
	chip_uid     text NOT NULL,
	reject_code  text NOT NULL,
	tracking     text NOT NULL,
	said_at      bigint,
	received_at  bigint NOT NULL,
	result       text NOT NULL CHECK (result IN ('applied', 'repeated', 'kept', 'unknown_card', 'refused')),
	why          text NOT NULL
);
CREATE INDEX receipt_item ON receipt (item_id, received_at);

-- What somebody in production has to look at.
CREATE TABLE production_notice (
	id         text PRIMARY KEY,
	kind       text NOT NULL,
	why        text NOT NULL,
	line_id    text,
	item_id    text,
	receipt_id text NOT NULL,
	said       text NOT NULL,
	created_at bigint NOT NULL,
	settled_at bigint,
	settled_by text NOT NULL
);
CREATE INDEX production_notice_open ON production_notice (created_at) WHERE settled_at IS NULL;
