package audit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/kortverk/kortverk/internal/db"
)

// numbers looks at how every number is written.
func (a *audit) numbers() error {
	after := ""
	for {
		page, err := db.Rows(a.tx, db.Column[string], `SELECT number FROM card_number WHERE number > $1 ORDER BY number LIMIT $2`, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, n := range page {
			if !wellFormed(n) {
				a.find("number.malformed", n, numTables, "it isn't two letters, nine digits and their check digit as AB-1234-567897")
			}
		}
		after = page[len(page)-1]
	}
}

// wellFormed: "AB-1234-567897", the last digit that of Luhn's sum over the ten.
func wellFormed(n string) bool {
	if len(n) != 14 || n[2] != '-' || n[7] != '-' || strings.Trim(n[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return false
	}
	sum, double := 0, false
	for i := 13; i > 2; i-- {
		if i == 7 {
			continue
		}
		d := int(n[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if double {
			if d += d; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return sum%10 == 0
}

// event is an entry of the journal about one card or line.
type event struct {
	of, kind, data string
	id, at         int64
}

func scanEvent(r db.Row) (e event, err error) {
	err = r.Scan(&e.of, &e.id, &e.kind, &e.at, &e.data)
	return e, err
}

// steps are the entries that tell of a change: from which states to which. Written from the pictures in docs/states.
type steps map[string]map[string][]string

var cardSteps = steps{
	"card.produced":   {"": {"produced"}},
	"card.dispatched": {"produced": {"produced"}, "active": {"active"}, "blocked": {"blocked"}, "terminated": {"terminated"}},
	"card.activated":  {"produced": {"active"}},
	"card.begun":      {"produced": {"active"}}, // by posting, where nobody activates
	"card.blocked":    {"active": {"blocked"}},
	"card.unblocked":  {"blocked": {"active"}},
	"card.terminated": {"produced": {"terminated"}, "active": {"terminated"}, "blocked": {"terminated"}},
}

const (
	reviewed = "rejected_by_reviewer"
	awaiting = "awaiting_cardholder"
	declined = "rejected_by_cardholder"
)

var lineSteps = steps{
	"order.submitted":       {"draft": {"ordered"}},
	"order.review_passed":   {"ordered": {awaiting}},
	"order.review_rejected": {"ordered": {reviewed}},
	"order.review_undone":   {reviewed: {"ordered"}, awaiting: {"ordered"}},
	"order.corrected": {
		"ordered": {"ordered"}, reviewed: {reviewed, "ordered"}, awaiting: {awaiting},
		declined: {awaiting},
	},
	"order.photo_replaced":  {"ordered": {"ordered"}, reviewed: {"ordered"}, awaiting: {"ordered"}, declined: {"ordered"}},
	"order.name_taken_over": {"ordered": {"ordered"}, reviewed: {reviewed}, awaiting: {awaiting}, declined: {awaiting}},
	"order.approved":        {awaiting: {"approved"}},
	declinedKind:            {awaiting: {declined}},
	"order.cancelled":       {"ordered": {"cancelled"}, reviewed: {"cancelled"}, awaiting: {"cancelled"}, declined: {"cancelled"}},
	"order.lapsed":          {"ordered": {"cancelled"}, reviewed: {"cancelled"}, awaiting: {"cancelled"}, declined: {"cancelled"}},
	"order.in_production":   {"approved": {"in_production"}},
	"order.produced":        {"in_production": {"produced"}},
	"order.returned":        {"approved": {reviewed, declined}, "in_production": {reviewed, declined}},
}

const declinedKind = "order.rejected_by_cardholder"

// kinds as a list for IN, in a fixed order.
func (s steps) kinds() []any {
	var out []string
	for k := range s {
		out = append(out, k)
	}
	slices.Sort(out)
	return db.Anys(out)
}

// follow goes the steps of a history. Where one entry allows two states, both are followed. It returns what can have been
// reached, and the entry that doesn't fit.
func (s steps) follow(start string, history []event) (reached []string, misfit *event) {
	reached = []string{start}
	for i, e := range history {
		var next []string
		for _, from := range reached {
			for _, to := range s[e.kind][from] {
				if !slices.Contains(next, to) {
					next = append(next, to)
				}
			}
		}
		if len(next) == 0 {
			return reached, &history[i]
		}
		reached = next
	}
	return reached, nil
}

// subject is a card or line as it stands.
type subject struct {
	id, state                    string
	revision                     int64
	made, activated, ended, held int64 // times of a card, 0 for none
	posted                       int64
}

// walk pages through cards or lines together with their entries.
func (a *audit) walk(rows, column string, s steps, scan func(db.Row) (subject, error), look func(subject, []event)) error {
	after, kinds := "", s.kinds()
	for {
		page, err := db.Rows(a.tx, scan, rows+` WHERE id > $1 ORDER BY id LIMIT $2`, after, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		first, last := page[0].id, page[len(page)-1].id
		events, err := db.Rows(a.tx, scanEvent, `SELECT `+column+`, id, kind, at, data FROM journal_entry WHERE `+column+` >= $1 AND `+column+` <= $2
			AND kind IN (`+db.List(3, len(kinds))+`) ORDER BY `+column+`, id`, append([]any{first, last}, kinds...)...)
		if err != nil {
			return err
		}
		of := make(map[string][]event, len(page))
		for _, e := range events {
			of[e.of] = append(of[e.of], e)
		}
		for _, p := range page {
			look(p, of[p.id])
			delete(of, p.id)
		}
		for id, left := range of {
			a.find(strings.TrimSuffix(column, "_id")+".missing", id, journalTables, "entry %d (%s) is about it, and it doesn't exist", left[0].id, left[0].kind)
		}
		after = last
	}
}

func (a *audit) cards() error {
	return a.walk(`SELECT id, state, revision, produced_at, activated_at, terminated_at, blocked_at, dispatched_at FROM card`, "card_id", cardSteps,
		func(r db.Row) (c subject, err error) {
			err = r.Scan(&c.id, &c.state, &c.revision, &c.made, &c.activated, &c.ended, &c.held, &c.posted)
			return c, err
		}, a.card)
}

func (a *audit) card(c subject, history []event) {
	reached, misfit := cardSteps.follow("", history)
	switch {
	case misfit != nil:
		a.find("card.journal", c.id, cardPage, "entry %d (%s) doesn't follow from the entries before it", misfit.id, misfit.kind)
		return
	case !slices.Contains(reached, c.state):
		a.find("card.journal", c.id, cardPage, "it is %s, and its journal entries lead to '%s'", c.state, strings.Join(reached, "' or '"))
		return
	}
	// Posting is a fact beside the card's life: an entry, but no change of the revision.
	said, changes := map[string]int64{}, int64(0)
	for _, e := range history {
		if e.kind != "card.dispatched" {
			changes++
		} else if said[e.kind] != 0 {
			a.find("card.journal", c.id, cardPage, "entry %d says that it was posted once more", e.id)
		}
		said[e.kind] = e.at
	}
	if c.revision != changes {
		a.find("card.journal", c.id, cardPage, "it was changed %d times, and the journal has %d entries", c.revision, changes)
		return
	}
	if c.state != "blocked" {
		said["card.blocked"] = 0
	}
	if begun := said["card.begun"]; begun != 0 {
		if begun != said["card.dispatched"] {
			a.find("card.begun", c.id, cardPage, "it became active without anybody's activation, and not by being posted")
		}
		said["card.activated"] = begun
	}
	// A blocked card that was ended keeps the block's time.
	if c.made != said["card.produced"] || c.activated != said["card.activated"] || c.ended != said["card.terminated"] || c.posted != said["card.dispatched"] ||
		(c.state == "blocked" && c.held != said["card.blocked"]) {
		a.find("card.when", c.id, cardPage, "a time of it isn't that of the journal entry")
	}
}

func (a *audit) lines() error {
	return a.walk(`SELECT id, state, revision FROM order_line`, "line_id", lineSteps,
		func(r db.Row) (l subject, err error) { err = r.Scan(&l.id, &l.state, &l.revision); return l, err }, a.line)
}

// line: sending gives the first entry, and each change after it one more, with the line's revision.
func (a *audit) line(l subject, history []event) {
	reached, misfit := lineSteps.follow("draft", history)
	switch {
	case misfit != nil:
		a.find("line.journal", l.id, linePage, "entry %d (%s) doesn't follow from the entries before it", misfit.id, misfit.kind)
		return
	case !slices.Contains(reached, l.state):
		a.find("line.journal", l.id, linePage, "it is %s, and its journal entries lead to '%s'", l.state, strings.Join(reached, "' or '"))
		return
	}
	for i, e := range history {
		var data struct {
			Revision string `json:"revision"`
		}
		_ = json.Unmarshal([]byte(e.data), &data) // unreadable: no revision
		want := l.revision - int64(len(history)-1-i)
		if data.Revision != strconv.FormatInt(want, 10) {
			a.find("line.journal", l.id, linePage, "entry %d (%s) is about revision '%s' where %d was to be expected", e.id, e.kind, data.Revision, want)
			return
		}
	}
}
