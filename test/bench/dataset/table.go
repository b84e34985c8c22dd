package dataset

import "strings"

// table is where rows go; the order of its columns is that of the values.
type table struct {
	index   int
	name    string
	columns []string
}

var tables []*table

func newTable(name, columns string) *table {
	t := &table{len(tables), name, strings.Fields(strings.ReplaceAll(columns, ",", " "))}
	tables = append(tables, t)
	return t
}

var (
	tBlob    = newTable("blob", "id, sha256, media_type, size, sealed, created_at")
	tCompany = newTable("company", `id, name, name_key, sort_key, country, number_hash, organisation_number, sole_trader, reference_required, hold,
		held_at, held_by, hold_note, revision, created_at`)
	tAddress = newTable("company_address", "id, company_id, is_default, name, care_of, line1, postcode, city, country, created_at")
	tPerson  = newTable("person", `id, number_hash, number_sealed, given_name, surname, birth_date, nationality, nationality_proven, email, phone, street,
		postcode, city, country, lang, proven_by, proven_at, revision, created_at`)
	tAccount  = newTable("account", "id, person_id, email, lang, created_at")
	tGrant    = newTable("account_grant", "id, account_id, role, company_id, granted_at, granted_by")
	tEvidence = newTable("eid_evidence", "id, transaction_id, provider, purpose, at, answer, asked")
	tOrder    = newTable("card_order", `id, company, number, ordered_by, ordered_by_person, ordered_by_name, reference, cost_centre, address, address_name,
		line1, care_of, postcode, city, country, created_at, changed_at, submitted_at, revision`)
	tLine = newTable("order_line", `id, order_id, company, position, state, revision, writes, given_name, surname, short_given, short_surname, birth_date,
		nationality, personal_number, personal_number_hash, personal_number_masked, email, phone, lang, card_type, valid_until, replaces, photo,
		photo_sha256, photo_hash, original_photo, original_sha256, original_hash, photo_crop, photo_verdict, photo_at, queued_at, attempts, changed, untold,
		told_at, reviewed_at, reviewed_by, reviewed_by_name, review_outcome, review_reasons, review_text, review_revision, person, proven_given,
		proven_surname, proven_birth_date, proven_by, proven_at, nationality_proven, match_level, reject_reason, return_reason, cancel_reason, evidence,
		signed_at, signed_company, signed_company_number, awaiting_since, waits_since, reminded, due_at, created_at, state_at`)
	tWord   = newTable("order_line_word", "company, kind, word, line")
	tNumber = newTable("card_number", "number, line_id, item_id, card_id, reserved_at")
	tCard   = newTable("card", `id, number, line_id, order_id, company_id, person_id, type, state, revision, given_name, surname, company_name,
		organisation_number, valid_until, photo_id, chip_uid, tracking, ordered_by_name, order_number, predecessor_id, produced_at, dispatched_at,
		activated_at, blocked_at, terminated_at, block_reason, blocked_by, end_reason, note`)
	tPIN   = newTable("card_pin", "card_id, activation_id, sealed, pvv, made_at")
	tBatch = newTable("batch", "id, year, seq, number, state, size, opened_at, closed_at, delivered_at, asked, done_at")
	tItem  = newTable("batch_item", `id, batch_id, line_id, order_id, company_id, person_id, number, state, revision, attempt, type, given_name, surname,
		company_name, organisation_number, valid_until, photo_id, address, ordered_by_name, order_number, reject_code, chip_uid, tracking, card_id,
		created_at, sent_at, produced_at, dispatched_at`)
	tReceipt = newTable("receipt", "id, payload_hash, item_id, kind, chip_uid, reject_code, tracking, said_at, received_at, result, why")
	tReader  = newTable("reader", "id, name, key_hash, created_at")
	tEntry   = newTable("journal_entry", `id, at, kind, actor_role, actor_account, actor_person, actor_company, actor_name, actor_session, company_id, person_id,
		order_id, line_id, card_id, batch_id, reason, data, ip`)
	tPosition = newTable("journal_position", "position, entry_id")
	tHash     = newTable("journal_hash", "id, hash")
	tCursor   = newTable("journal_cursor", "name, position")
)

// sink takes rows. Values are string, int64, bool, []byte or nil, and stay as they are after the call.
type sink interface {
	row(t *table, values ...any) error
}
