package cardtest

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
)

// CopyLine copies a line, its order and its words under another name, as if it
// had become a card, for tests that need many.
func CopyLine(tx *db.Tx, from, id, firm uuid.UUID, surname string) error {
	_, err := tx.Exec(`INSERT INTO card_order (id, company, number, ordered_by, ordered_by_name, reference, cost_centre, address_name, line1,
		care_of, postcode, city, country, created_at, changed_at, submitted_at, revision)
		SELECT $1, $2, $3, ordered_by, ordered_by_name, '', '', address_name, line1, care_of, postcode, city, country, created_at, changed_at,
		submitted_at, 1 FROM card_order WHERE id = $4`, id, firm, "B-"+id.String(), from)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO order_line (id, order_id, company, position, state, revision, writes, signed_company, signed_company_number, given_name, surname, short_given, short_surname,
		birth_date, nationality, personal_number_hash, personal_number_masked, email, phone, lang, card_type, valid_until, replaces, photo,
		photo_sha256, photo_hash, original_sha256, original_hash, photo_crop, photo_verdict, attempts, changed, untold, reviewed_by_name,
		review_outcome, review_reasons, review_text, review_revision, person, proven_given, proven_surname, proven_by, nationality_proven,
		match_level, reject_reason, return_reason, cancel_reason, reminded, created_at, state_at)
		SELECT $1, $1, $2, 1, state, 1, 0, signed_company, signed_company_number, given_name, $3, '', '', birth_date, 'SE', $4, personal_number_masked, email, '', 'sv', card_type,
		valid_until, '', photo, '', 0, '', 0, '', '', 1, '', '', '', '', '', '', 0, person, '', '', 'bankid', nationality_proven, '', '', '', '',
		0, created_at, state_at FROM order_line WHERE id = $5`, id, firm, surname, id.String(), from)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO order_line_word (company, kind, word, line) VALUES ($1, 'name', $2, $3)`, firm, i18n.Fold(surname), id)
	return err
}

// CopyCard copies a card for a line that CopyLine made; its person doesn't
// matter to lists, so the state is never a second active card of one.
func CopyCard(tx *db.Tx, from, line, firm uuid.UUID, surname, state string, n int) error {
	number := fmt.Sprintf("ZZ-%010d", n)
	if _, err := tx.Exec(`INSERT INTO card_number (number, line_id, item_id, card_id, reserved_at) VALUES ($1, $2, $2, $2, $3)`, number, line, tx.Now); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO card (id, number, line_id, order_id, company_id, person_id, type, state, revision, given_name, surname,
		company_name, organisation_number, valid_until, photo_id, chip_uid, tracking, ordered_by_name, order_number, produced_at, block_reason,
		blocked_by, end_reason, note)
		SELECT $1, $2, $1, $1, $3, person_id, $4, $5, 1, given_name, $6, company_name, '', valid_until, photo_id, '', '', ordered_by_name,
		order_number, produced_at, '', '', '', '' FROM card WHERE id = $7`, line, number, firm, fmt.Sprint("copy", n), state, surname, from)
	return err
}
