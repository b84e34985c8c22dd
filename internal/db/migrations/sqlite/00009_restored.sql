-- +goose Up
-- Cards that a restored backup can't vouch for: they may have been blocked or ended after it was made. Checks answer
-- unknown until somebody has confirmed them, which removes the row.
CREATE TABLE restored_card (
	card_id     text PRIMARY KEY REFERENCES card (id),
	restored_at bigint NOT NULL
);
