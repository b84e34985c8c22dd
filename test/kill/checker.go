package kill

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"
)

// Case is everything that a run left, for the checker.
type Case struct {
	Events   []Event
	DB       *sql.DB
	Postgres bool
	Batches  []Batch        // what the bureau says
	Mails    map[string]int // Message-ID → how often the mail server got it
	Ends     string         // ends.log; SQLite only
	Kills    int
}

// Batch is an order file as the bureau took it.
type Batch struct {
	ID    string `json:"batch"`
	Count int
	Cards []struct {
		CardID   string `json:"card_id"`
		Number   string
		Step     string
		ChipUID  string `json:"chip_uid"`
		Receipts []struct{ ID, Kind string }
	}
}

// Finding is a broken invariant.
type Finding struct{ Invariant, What string }

func (f Finding) String() string { return f.Invariant + ": " + f.What }

type checker struct {
	c        Case
	entries  []entry
	findings []Finding
}

func (k *checker) find(invariant, format string, args ...any) {
	k.findings = append(k.findings, Finding{invariant, fmt.Sprintf(format, args...)})
}

// Check holds what was recorded against what is stored:
//
//	I1 each answered command is in the database exactly once, each other at most once
//	I2 each state change has exactly one journal entry; positions, hashes and head are those of the entries
//	I3 one live card per type, person and company, besides a replacement that isn't activated
//	I4 the lines of the order files are the cards produced, failed and outstanding
//	I6 a card that was blocked or ended is never valid after that was answered; an activated one is
//	I7 no job is lost, none has had its effect twice
//	I8 the database's own checks find nothing
//
// An error says that it couldn't look.
func (c Case) Check() ([]Finding, error) {
	k := &checker{c: c}
	var err error
	if k.entries, err = journal(c.DB); err != nil {
		return nil, err
	}
	for _, look := range []func() error{
		k.checkCommands, k.checkPINs, k.checkLines, k.checkCards, k.checkTree, k.checkLive, k.checkProduction, k.checkGate,
		k.checkJobs, k.checkMails, k.checkEID, k.checkEnds, k.checkEngine,
	} {
		if err := look(); err != nil {
			return k.findings, err
		}
	}
	return k.findings, nil
}

// command is what is known of one command after the run.
type command struct {
	Event
	done  bool
	since int64 // when it was known to be done
}

// commands folds the events, in the order in which they were begun.
func (k *checker) commands() []command {
	at := map[string]int{}
	var all []command
	for _, e := range k.c.Events {
		if e.ID == "" {
			continue
		}
		i, known := at[e.ID]
		if !known {
			i = len(all)
			at[e.ID], all = i, append(all, command{Event: e})
		}
		if (e.What == Answered || e.What == Found) && !all[i].done {
			all[i].done, all[i].since = true, e.At
		}
	}
	return all
}

// effects are the entries by which a command is told.
var effects = map[string]string{
	CmdSubmit: "order.submitted", CmdPass: "order.review_passed", CmdSign: "order.approved", CmdActivate: "card.activated",
	CmdBlock: "card.blocked", CmdUnblock: "card.unblocked", CmdTerminate: "card.terminated",
}

func (k *checker) checkCommands() error {
	lines, err := k.set("SELECT id FROM order_line")
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, e := range k.entries {
		switch {
		case e.note != "": // block, unblock, terminate: the note is the command's id
			count[e.Kind+" "+e.note]++
		case e.LineID != "":
			count[e.Kind+" "+e.LineID]++
		}
	}
	for _, c := range k.commands() {
		var n int
		switch c.Command {
		case CmdDraft:
			if n = 0; lines[c.Line] {
				n = 1
			}
		case CmdBlock, CmdUnblock, CmdTerminate:
			n = count[effects[c.Command]+" "+c.ID]
		default:
			n = count[effects[c.Command]+" "+c.Line]
		}
		if c.done && n != 1 || n > 1 {
			k.find("I1", "%s (%s of line %s, card %s; known to be done: %v) is in the database %d times", c.ID, c.Command, c.Line, c.Card, c.done, n)
		}
	}
	return nil
}

// checkPINs: one PIN per card, whenever it was shown, and each showing that was answered has its entry.
func (k *checker) checkPINs() error {
	numbers, err := k.pairs("SELECT id, number FROM card")
	if err != nil {
		return err
	}
	entries := map[string]int{}
	for _, e := range k.entries {
		if e.Kind == "card.pin_shown" {
			entries[numbers[e.CardID]]++
		}
	}
	pins, answered, unknown := map[string]string{}, map[string]int{}, map[string]int{}
	for _, e := range k.c.Events {
		if e.Command == CmdActivate && (e.What == Broken || e.What == Found) {
			unknown[e.Card]++
		}
		if e.Command != CmdPIN {
			continue
		}
		if e.What != Answered {
			unknown[e.Card]++
			continue
		}
		answered[e.Card]++
		if before := pins[e.Card]; before != "" && before != e.PIN {
			k.find("I1", "card %s has been shown two PINs", e.Card)
		}
		pins[e.Card] = e.PIN
	}
	for card, n := range answered {
		if m := entries[card]; m < n || m > n+unknown[card] {
			k.find("I1", "the PIN of %s was shown %d times and perhaps %d times more, and the journal says %d", card, n, unknown[card], m)
		}
	}
	return nil
}

// steps are the changes that a line or card may make, by the kind of the entry: from where to where.
type steps map[string][][2]string

var lineSteps = steps{
	"order.submitted":     {{"draft", "ordered"}},
	"order.review_passed": {{"ordered", "awaiting_cardholder"}},
	"order.approved":      {{"awaiting_cardholder", "approved"}},
	"order.in_production": {{"approved", "in_production"}},
	"order.produced":      {{"in_production", "produced"}},
}

var cardSteps = steps{
	"card.produced":   {{"", "produced"}},
	"card.activated":  {{"produced", "active"}},
	"card.blocked":    {{"active", "blocked"}},
	"card.unblocked":  {{"blocked", "active"}},
	"card.terminated": {{"produced", "terminated"}, {"active", "terminated"}, {"blocked", "terminated"}},
}

// replay goes the steps and answers where they lead; what is wrong on the way is found.
func (k *checker) replay(what, id, state string, s steps, history []entry) string {
	for _, e := range history {
		i := slices.IndexFunc(s[e.Kind], func(step [2]string) bool { return step[0] == state })
		if i < 0 {
			k.find("I2", "%s %s: entry %d (%s) can't follow the state '%s'", what, id, e.ID, e.Kind, state)
			return ""
		}
		state = s[e.Kind][i][1]
	}
	return state
}

type standing struct {
	id, state string
	revision  int64
}

func (k *checker) standings(text string) ([]standing, error) {
	return query(k.c.DB, func(r *sql.Rows) (s standing, err error) { err = r.Scan(&s.id, &s.state, &s.revision); return s, err }, text)
}

// histories are the entries of things, only those that the steps know.
func (k *checker) histories(s steps, of func(entry) string) map[string][]entry {
	out := map[string][]entry{}
	for _, e := range k.entries {
		if id := of(e); id != "" && s[e.Kind] != nil {
			out[id] = append(out[id], e)
		}
	}
	return out
}

func (k *checker) checkLines() error {
	all, err := k.standings("SELECT id, state, revision FROM order_line")
	if err != nil {
		return err
	}
	histories := k.histories(lineSteps, func(e entry) string { return e.LineID })
	for _, l := range all {
		history := histories[l.id]
		delete(histories, l.id)
		if got := k.replay("line", l.id, "draft", lineSteps, history); got != l.state {
			k.find("I2", "line %s is %s, and its entries lead to '%s'", l.id, l.state, got)
		}
		// Each change raises the revision by one and tells it: none is missing and none is there twice.
		for i, e := range history {
			if want := l.revision - int64(len(history)-1-i); e.revision != strconv.FormatInt(want, 10) {
				k.find("I2", "line %s: entry %d (%s) tells of revision %s and not of %d", l.id, e.ID, e.Kind, e.revision, want)
			}
		}
	}
	for id := range histories {
		k.find("I2", "the journal tells of line %s, which doesn't exist", id)
	}
	return nil
}

func (k *checker) checkCards() error {
	all, err := k.standings("SELECT id, state, revision FROM card")
	if err != nil {
		return err
	}
	histories := k.histories(cardSteps, func(e entry) string { return e.CardID })
	for _, c := range all {
		history := histories[c.id]
		delete(histories, c.id)
		if got := k.replay("card", c.id, "", cardSteps, history); got != c.state {
			k.find("I2", "card %s is %s, and its entries lead to '%s'", c.id, c.state, got)
		}
		if c.revision != int64(len(history)) {
			k.find("I2", "card %s was changed %d times, and the journal tells of %d", c.id, c.revision, len(history))
		}
	}
	for id := range histories {
		k.find("I2", "the journal tells of card %s, which doesn't exist", id)
	}
	return nil
}

// set and pairs read one and two columns of text.
func (k *checker) set(text string) (map[string]bool, error) {
	all, err := query(k.c.DB, func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err }, text)
	out := map[string]bool{}
	for _, s := range all {
		out[s] = true
	}
	return out, err
}

func (k *checker) pairs(text string) (map[string]string, error) {
	all, err := query(k.c.DB, func(r *sql.Rows) (p [2]string, err error) { err = r.Scan(&p[0], &p[1]); return p, err }, text)
	out := map[string]string{}
	for _, p := range all {
		out[p[0]] = p[1]
	}
	return out, err
}

// none finds every row of a query, which has one column: what is wrong.
func (k *checker) none(invariant, what, text string) error {
	all, err := query(k.c.DB, func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err }, text)
	for _, s := range all {
		k.find(invariant, "%s: %s", what, s)
	}
	return err
}
