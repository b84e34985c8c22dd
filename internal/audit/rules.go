package audit

const (
	cardPage  = "card, order_line, journal_entry of the card; page Cards"
	pinTable  = "card_pin, journal_entry of the card"
	numTables = "card_number, card, batch_item"
	linePage  = "order_line, journal_entry of the line; page Orders"
	makePage  = "batch, batch_item, receipt; page Production"
	mailTable = "mail, job; page Mails"
	jobTable  = "job; page Jobs"
)

var cardRules = []rule{
	{"card.two_live", cardPage, "%s cards are active or blocked for one person, company and type, this among them", `SELECT min(id), CAST(count(*) AS text)
		FROM card WHERE state IN ('active', 'blocked') GROUP BY company_id, person_id, type HAVING count(*) > 1`},
	{"card.older_not_ended", cardPage, "it was not ended when the newer card %s was activated", `SELECT o.id, n.id FROM card n JOIN card o
		ON o.person_id = n.person_id AND o.company_id = n.company_id AND o.type = n.type AND o.id <> n.id
		WHERE n.state IN ('active', 'blocked') AND o.state = 'produced' AND o.produced_at < n.produced_at`},
	{"card.times", cardPage, "its times don't fit its state %s", `SELECT id, state FROM card WHERE
		(state = 'produced' AND (activated_at IS NOT NULL OR blocked_at IS NOT NULL OR terminated_at IS NOT NULL)) OR
		(state = 'active' AND (activated_at IS NULL OR blocked_at IS NOT NULL OR terminated_at IS NOT NULL)) OR
		(state = 'blocked' AND (activated_at IS NULL OR blocked_at IS NULL OR block_reason = '' OR terminated_at IS NOT NULL)) OR
		(state = 'terminated' AND (terminated_at IS NULL OR end_reason = ''))`},
	{"card.pin_missing", pinTable, "its cardholder activated it, and it has no PIN%s", `SELECT c.id, '' FROM card c WHERE c.state IN ('active', 'blocked')
		AND NOT EXISTS (SELECT 1 FROM card_pin p WHERE p.card_id = c.id)
		AND EXISTS (SELECT 1 FROM journal_entry e WHERE e.card_id = c.id AND e.kind = 'card.activated' AND e.actor_role = 'cardholder')`},
	{"card.pin_unasked", pinTable, "it has a PIN, and nobody activated it%s", `SELECT p.card_id, '' FROM card_pin p
		WHERE NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.card_id = p.card_id AND e.kind = 'card.activated')`},
	{"card.pin_left", pinTable, "it has a PIN although it is %s", `SELECT p.card_id, coalesce(c.state, 'gone') FROM card_pin p LEFT JOIN card c ON c.id = p.card_id
		WHERE c.id IS NULL OR c.state NOT IN ('active', 'blocked')`},
	{"card.line", cardPage, "its line %s isn't produced, or is about somebody or something else", `SELECT c.id, c.line_id FROM card c
		LEFT JOIN order_line l ON l.id = c.line_id WHERE l.id IS NULL OR l.state <> 'produced' OR l.company <> c.company_id
		OR coalesce(l.person, '') <> c.person_id OR l.card_type <> c.type OR l.order_id <> c.order_id`},
	{"card.item", makePage, "no produced item has its number %s, line and chip", `SELECT c.id, c.number FROM card c LEFT JOIN batch_item i ON i.number = c.number
		AND i.card_id = c.id AND i.line_id = c.line_id AND i.chip_uid = c.chip_uid AND i.state IN ('produced', 'dispatched') WHERE i.id IS NULL`},
	{"card.dispatched", makePage, "card and item %s don't agree whether it was posted", `SELECT c.id, i.id FROM card c JOIN batch_item i ON i.number = c.number
		WHERE (i.state = 'dispatched' AND c.dispatched_at IS NULL) OR (i.state = 'produced' AND c.dispatched_at IS NOT NULL)`},
	{"card.predecessor", cardPage, "the card %s that it replaced is missing, another person's, or was not ended as replaced", `SELECT c.id, c.predecessor_id
		FROM card c LEFT JOIN card o ON o.id = c.predecessor_id WHERE c.predecessor_id IS NOT NULL AND (o.id IS NULL OR o.state <> 'terminated'
		OR o.end_reason <> 'replaced' OR o.person_id <> c.person_id OR o.company_id <> c.company_id OR o.type <> c.type)`},
	{"card.photo", "blob", "its photo %s is missing", `SELECT c.id, c.photo_id FROM card c LEFT JOIN blob b ON b.id = c.photo_id WHERE b.id IS NULL`},
	{"company.journal", "company, journal_entry of the company", "its hold '%s' isn't what the journal says last", `SELECT c.id, c.hold FROM company c
		WHERE (c.hold <> '') <> (coalesce((SELECT e.kind FROM journal_entry e WHERE e.id = (SELECT max(x.id) FROM journal_entry x
		WHERE x.company_id = c.id AND x.kind IN ('company.held', 'company.released'))), '') = 'company.held')`},
}

var numberRules = []rule{
	{"number.not_reserved", numTables, "the card's number %s wasn't reserved for it and its line", `SELECT c.id, c.number FROM card c
		LEFT JOIN card_number n ON n.number = c.number WHERE n.number IS NULL OR coalesce(n.card_id, '') <> c.id OR n.line_id <> c.line_id`},
	{"number.card_missing", numTables, "the card %s that it was used for is missing or has another number", `SELECT n.number, n.card_id FROM card_number n
		LEFT JOIN card c ON c.id = n.card_id WHERE n.card_id IS NOT NULL AND (c.id IS NULL OR c.number <> n.number)`},
	{"number.item", numTables, "the item %s that it was reserved for is missing or has another number or line", `SELECT n.number, n.item_id FROM card_number n
		LEFT JOIN batch_item i ON i.id = n.item_id WHERE i.id IS NULL OR i.number <> n.number OR i.line_id <> n.line_id`},
	{"number.item_not_reserved", numTables, "the item's number %s wasn't reserved for it", `SELECT i.id, i.number FROM batch_item i
		LEFT JOIN card_number n ON n.number = i.number WHERE n.number IS NULL OR n.item_id <> i.id`},
	{"number.twice", numTables, "%s rows have this number", `SELECT number, CAST(count(*) AS text) FROM card_number GROUP BY number HAVING count(*) > 1
		UNION ALL SELECT number, CAST(count(*) AS text) FROM card GROUP BY number HAVING count(*) > 1
		UNION ALL SELECT number, CAST(count(*) AS text) FROM batch_item GROUP BY number HAVING count(*) > 1`},
	{"number.chip_twice", numTables, "%s cards have this chip", `SELECT chip_uid, CAST(count(*) AS text) FROM card WHERE chip_uid <> '' GROUP BY chip_uid HAVING count(*) > 1`},
}

var lineRules = []rule{
	{"line.order", linePage, "its order %s is missing, another company's, or sent while it isn't", `SELECT l.id, l.order_id FROM order_line l
		LEFT JOIN card_order o ON o.id = l.order_id WHERE o.id IS NULL OR o.company <> l.company OR (l.state = 'draft') <> (o.submitted_at IS NULL)`},
	{"line.two_open", linePage, "%s lines are open for one person, company and type, this among them", `SELECT min(id), CAST(count(*) AS text) FROM order_line
		WHERE state NOT IN ('draft', 'produced', 'cancelled') GROUP BY company, personal_number_hash, card_type HAVING count(*) > 1`},
	{"line.no_card", linePage, "it is produced, and there is no card%s", `SELECT l.id, '' FROM order_line l LEFT JOIN card c ON c.line_id = l.id
		WHERE l.state = 'produced' AND c.id IS NULL`},
	{"line.two_cards", linePage, "%s cards came of it", `SELECT line_id, CAST(count(*) AS text) FROM card GROUP BY line_id HAVING count(*) > 1`},
	{"line.items", makePage, "it is in production with %s items on their way", `SELECT l.id, CAST((SELECT count(*) FROM batch_item i WHERE i.line_id = l.id
		AND i.state IN ('reserved', 'sent', 'failed')) AS text) FROM order_line l WHERE l.state = 'in_production'
		AND (SELECT count(*) FROM batch_item i WHERE i.line_id = l.id AND i.state IN ('reserved', 'sent', 'failed')) <> 1`},
	{"line.signature", "order_line, eid_evidence", "its signature '%s' is missing", `SELECT l.id, coalesce(l.evidence, '') FROM order_line l
		LEFT JOIN eid_evidence e ON e.id = l.evidence WHERE e.id IS NULL AND (l.evidence IS NOT NULL OR l.state IN ('approved', 'in_production', 'produced'))`},
	{"line.person", linePage, "its person %s is missing", `SELECT l.id, l.person FROM order_line l LEFT JOIN person p ON p.id = l.person
		WHERE l.person IS NOT NULL AND p.id IS NULL`},
	{"line.photo", "blob", "its picture %s is missing", `SELECT l.id, l.photo FROM order_line l LEFT JOIN blob b ON b.id = l.photo WHERE l.photo IS NOT NULL AND b.id IS NULL
		UNION ALL SELECT l.id, l.original_photo FROM order_line l LEFT JOIN blob b ON b.id = l.original_photo WHERE l.original_photo IS NOT NULL AND b.id IS NULL
		UNION ALL SELECT l.id, l.previous_photo FROM order_line l LEFT JOIN blob b ON b.id = l.previous_photo WHERE l.previous_photo IS NOT NULL AND b.id IS NULL`},
}

// A batch's items by what is owed, and how many have a kind of entry or receipt.
const (
	perBatch = `(SELECT batch_id, count(*) AS items, sum(CASE WHEN state IN ('reserved', 'sent') THEN 1 ELSE 0 END) AS owed,
		sum(CASE WHEN state IN ('reserved', 'sent', 'produced', 'failed') THEN 1 ELSE 0 END) AS unfinished,
		sum(CASE WHEN state <> 'reserved' THEN 1 ELSE 0 END) AS begun, sum(CASE WHEN state = 'reserved' THEN 1 ELSE 0 END) AS waiting
		FROM batch_item GROUP BY batch_id)`
	entries  = `(SELECT count(*) FROM journal_entry e WHERE e.line_id = i.line_id AND e.batch_id = i.batch_id AND e.kind = `
	receipts = `(SELECT count(*) FROM receipt r WHERE r.item_id = i.id AND r.result = 'applied' AND r.kind = `
)

var productionRules = []rule{
	{"batch.size", makePage, "the number of its cards isn't that of its items: %s", `SELECT b.id, CAST(b.size AS text) || ' and ' || CAST(coalesce(n.items, 0) AS text)
		FROM batch b LEFT JOIN ` + perBatch + ` n ON n.batch_id = b.id WHERE b.size <> coalesce(n.items, 0)`},
	{"batch.state", makePage, "its items don't fit its state %s", `SELECT b.id, b.state FROM batch b JOIN ` + perBatch + ` n ON n.batch_id = b.id WHERE
		(b.state = 'open' AND (n.begun > 0 OR b.closed_at IS NOT NULL)) OR (b.state <> 'open' AND b.closed_at IS NULL) OR
		(b.state IN ('delivered', 'acknowledged', 'done') AND (b.delivered_at IS NULL OR n.waiting > 0)) OR
		(b.state = 'delivered' AND n.owed = 0) OR (b.state = 'acknowledged' AND (n.owed > 0 OR n.unfinished = 0)) OR (b.state = 'done' AND n.unfinished > 0)`},
	{"batch.journal", makePage, "its closing or delivery isn't in the journal as it should (state %s)", `SELECT b.id, b.state FROM batch b WHERE
		(SELECT count(*) FROM journal_entry e WHERE e.batch_id = b.id AND e.kind = 'production.closed') <> CASE WHEN b.closed_at IS NULL THEN 0 ELSE 1 END OR
		(b.delivered_at IS NOT NULL) <> EXISTS (SELECT 1 FROM journal_entry e WHERE e.batch_id = b.id AND e.kind = 'production.delivered')`},
	{"item.line", makePage, "it is on its way, and its line %s isn't in production", `SELECT i.id, i.line_id FROM batch_item i LEFT JOIN order_line l ON l.id = i.line_id
		WHERE i.state IN ('reserved', 'sent', 'failed') AND (l.id IS NULL OR l.state <> 'in_production')`},
	{"item.card", makePage, "item and card of the number %s don't agree whether it was made", `SELECT i.id, i.number FROM batch_item i
		LEFT JOIN card c ON c.number = i.number WHERE (i.state IN ('produced', 'dispatched')) <> (c.id IS NOT NULL) OR coalesce(i.card_id, '') <> coalesce(c.id, '')`},
	{"item.receipt", makePage, "not each of its steps has one receipt (state %s)", `SELECT i.id, i.state FROM batch_item i WHERE
		` + receipts + `'produced') <> CASE WHEN i.state IN ('produced', 'dispatched') THEN 1 ELSE 0 END OR
		` + receipts + `'dispatched') <> CASE WHEN i.state = 'dispatched' THEN 1 ELSE 0 END OR
		` + receipts + `'failed') <> CASE WHEN i.state IN ('failed', 'remade', 'returned') THEN 1 ELSE 0 END`},
	{"item.journal", makePage, "not each of its steps has one journal entry (state %s)", `SELECT i.id, i.state FROM batch_item i WHERE
		` + entries + `'production.queued') <> 1 OR
		` + entries + `'production.remade') <> CASE WHEN i.remake_of IS NULL THEN 0 ELSE 1 END OR
		` + entries + `'production.failed') <> CASE WHEN i.state IN ('failed', 'remade', 'returned') THEN 1 ELSE 0 END OR
		` + entries + `'production.returned') <> CASE WHEN i.state = 'returned' THEN 1 ELSE 0 END`},
	{"item.remade", makePage, "it was remade, and has %s successors", `SELECT i.id, CAST(count(n.id) AS text) FROM batch_item i LEFT JOIN batch_item n
		ON n.remake_of = i.id AND n.line_id = i.line_id AND n.attempt = i.attempt + 1 WHERE i.state = 'remade' GROUP BY i.id HAVING count(n.id) <> 1`},
	{"item.remake_of", makePage, "the item %s that it replaces was not given up", `SELECT n.id, n.remake_of FROM batch_item n LEFT JOIN batch_item i ON i.id = n.remake_of
		WHERE n.remake_of IS NOT NULL AND (i.id IS NULL OR i.state <> 'remade')`},
	{"item.photo", "blob", "its photo %s is missing", `SELECT i.id, i.photo_id FROM batch_item i LEFT JOIN blob b ON b.id = i.photo_id
		WHERE b.id IS NULL AND i.state NOT IN ('remade', 'returned')`},
	{"item.artwork", "blob", "its drawing %s is missing", `SELECT i.id, i.artwork_id FROM batch_item i LEFT JOIN blob b ON b.id = i.artwork_id
		WHERE b.id IS NULL AND i.artwork_id IS NOT NULL
		UNION ALL SELECT i.id, i.artwork_svg_id FROM batch_item i LEFT JOIN blob b ON b.id = i.artwork_svg_id WHERE b.id IS NULL AND i.artwork_svg_id IS NOT NULL`},
	{"receipt.item", makePage, "it was taken for the item '%s', which doesn't exist", `SELECT r.id, r.item_id FROM receipt r LEFT JOIN batch_item i ON i.id = r.item_id
		WHERE r.result IN ('applied', 'kept') AND i.id IS NULL`},
	{"receipt.kept", makePage, "it was kept until its card is produced, and the item %s is", `SELECT r.id, r.item_id FROM receipt r JOIN batch_item i ON i.id = r.item_id
		WHERE r.result = 'kept' AND i.state IN ('produced', 'dispatched')`},
}

var postRules = []rule{
	{"mail.subject", mailTable, "the %s that it is about doesn't exist", `SELECT m.id, 'line' FROM mail m LEFT JOIN order_line x ON x.id = m.line_id WHERE m.line_id IS NOT NULL AND x.id IS NULL
		UNION ALL SELECT m.id, 'order' FROM mail m LEFT JOIN card_order x ON x.id = m.order_id WHERE m.order_id IS NOT NULL AND x.id IS NULL
		UNION ALL SELECT m.id, 'card' FROM mail m LEFT JOIN card x ON x.id = m.card_id WHERE m.card_id IS NOT NULL AND x.id IS NULL
		UNION ALL SELECT m.id, 'company' FROM mail m LEFT JOIN company x ON x.id = m.company_id WHERE m.company_id IS NOT NULL AND x.id IS NULL`},
	{"mail.data_left", mailTable, "it was %s, and what it said is still there", `SELECT id, state FROM mail WHERE state IN ('sent', 'cancelled') AND data_sealed IS NOT NULL`},
	{"job.lease", jobTable, "its lease doesn't fit its state %s", `SELECT id, state FROM job WHERE (state = 'running') <> (lease_token <> '')
		OR (state = 'running') <> (lease_until IS NOT NULL)`},
	{"job.key_twice", jobTable, "%s open jobs have the same key as this", `SELECT min(id), CAST(count(*) AS text) FROM job WHERE state IN ('waiting', 'running')
		AND dedupe_key IS NOT NULL GROUP BY dedupe_key HAVING count(*) > 1`},
}
