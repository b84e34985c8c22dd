package model

import (
	"fmt"
	"strings"
	"time"
)

// reference is what the product promises, in other words than its own: no table of it is read here. Each command
// answers with the code of its refusal, or "". People, lines and items are numbers.
type reference struct {
	now          time.Duration // since the history began, at noon
	held, closed bool
	lines        []*refLine
	batches      []*refBatch
	made         int // cards so far, which puts them in an order
	notices      int
}

type refLine struct {
	who, rev, attempts, replaces int // replaces: a line, or -1
	state                        string
	until                        int // day
	verdict                      string
	judge, judged                int // by whom; the revision that it made
	undo                         time.Duration
	dataOnly, joined, wrong      bool // wrong: the name isn't the proven one
	returned, lapsed             bool
	waits, told                  time.Duration
	jobs, notices                int // of order.approved; about something missing
	recheck                      bool
	items                        []*refItem
	card                         *refCard
}

type refItem struct {
	state          string
	batch, attempt int
	code           string
	kept           bool
}

type refBatch struct {
	state string
	items []*refItem
}

type refCard struct {
	state            string
	rev, order, till int
	wrong            int // digits typed wrong
}

func (m *reference) day() int { return int(m.now / (24 * time.Hour)) }

func (l *refLine) waiting() bool {
	return l.state == "ordered" || l.state == "rejected_by_reviewer" || l.state == "awaiting_cardholder" || l.state == "rejected_by_cardholder"
}

func (l *refLine) open() bool {
	return l.waiting() || l.state == "approved" || l.state == "in_production"
}

func (l *refLine) to(state string) {
	if state == "ordered" && l.state != "ordered" {
		l.attempts++
	}
	l.state, l.rev = state, l.rev+1
}

// live is the newest card of a person that can still be used, as its line.
func (m *reference) live(who int) int {
	best := -1
	for i, l := range m.lines {
		if c := l.card; l.who == who && c != nil && c.state != "terminated" && c.till >= m.day() && (best < 0 || c.order > m.lines[best].card.order) {
			best = i
		}
	}
	return best
}

func (m *reference) send(who, replaces int) string {
	if m.closed {
		return "order.company_closed"
	}
	for _, l := range m.lines {
		if l.who == who && l.open() {
			return "order.duplicate_line"
		}
	}
	if now := m.live(who); now >= 0 && now != replaces {
		return "order.duplicate_card"
	}
	m.lines = append(m.lines, &refLine{who: who, rev: 5, attempts: 1, replaces: replaces, state: "ordered", until: m.day() + validDays, waits: m.now, told: -1})
	return ""
}

// overtaken is what a reviewer hears about a line that isn't as it was.
func (l *refLine) overtaken(rev int) string {
	switch {
	case l.state == "ordered" && l.rev == rev:
		return ""
	case l.state == "ordered":
		return "order.changed_in_review"
	case l.state == "cancelled":
		return "order.cancelled"
	case l.verdict != "" && l.judged > rev:
		return "order.already_decided"
	}
	return "order.not_in_review"
}

// judgeLine is a reviewer's decision; by is 0 or 1, or 2 for the cardholder, who happens to be a reviewer too.
func (m *reference) judgeLine(l *refLine, rev, by int, pass, dataOnly bool) string {
	if no := l.overtaken(rev); no != "" {
		return no
	}
	if by == 2 {
		return "order.own_line"
	}
	if l.verdict = "rejected"; pass {
		l.verdict, l.returned = "passed", false
		l.to("awaiting_cardholder")
	} else {
		l.to("rejected_by_reviewer")
	}
	l.judge, l.judged, l.undo, l.dataOnly = by, l.rev, m.now+30*time.Second, dataOnly && !pass
	return ""
}

func (m *reference) undoReview(l *refLine, by int) string {
	switch {
	case l.verdict == "" || l.rev != l.judged || m.now > l.undo:
		return "order.undo_too_late"
	case l.judge != by:
		return "order.undo_not_yours"
	}
	l.verdict, l.judged = "", 0
	l.state, l.rev = "ordered", l.rev+1
	return ""
}

// settled is what an orderer hears about a line that can't be changed any more.
func (l *refLine) settled() string {
	switch {
	case l.state == "cancelled":
		return "order.cancelled"
	case !l.waiting():
		return "order.locked"
	}
	return ""
}

// mine are the first two questions to an orderer: whose line, and which revision.
func (l *refLine) mine(own bool, rev int) string {
	switch {
	case !own:
		return "order.unknown"
	case l.rev != rev:
		return "order.changed"
	}
	return l.settled()
}

// correct with what: 0 nothing new, 1 another address, 2 a wrong name, 3 the right name.
func (m *reference) correct(l *refLine, own bool, rev, what int) string {
	if no := l.mine(own, rev); no != "" {
		return no
	}
	news := what == 1 || what == 2 && !l.wrong || what == 3 && l.wrong
	if !news && l.state != "rejected_by_cardholder" {
		return ""
	}
	if now := m.live(l.who); now >= 0 && now != l.replaces {
		return "order.duplicate_card"
	}
	if what >= 2 {
		l.wrong = what == 2
	}
	to := l.state
	switch {
	case to == "rejected_by_cardholder":
		to, l.returned = "awaiting_cardholder", false
	case to == "rejected_by_reviewer" && (l.dataOnly || l.verdict == "passed"):
		to = "ordered"
	}
	l.to(to)
	return ""
}

func (m *reference) newPhoto(l *refLine, own bool, rev int) string {
	if no := l.mine(own, rev); no != "" {
		return no
	}
	l.returned = false
	l.to("ordered")
	return ""
}

func (m *reference) cancel(l *refLine, own bool, rev int) string {
	no := l.mine(own, rev)
	if no == "" {
		l.to("cancelled")
	}
	return no
}

func (m *reference) takeOver(l *refLine, his bool, rev int) string {
	switch no := l.settled(); {
	case !his:
		return "order.not_yours"
	case l.rev != rev:
		return "order.changed"
	case no != "":
		return no
	case !l.joined || !l.wrong:
		return "order.nothing_to_take_over"
	}
	l.wrong = false
	if l.state == "rejected_by_cardholder" {
		l.to("awaiting_cardholder")
		l.returned = false
	} else {
		l.rev++
	}
	return ""
}

// asked are the first questions to a cardholder who answers.
func (l *refLine) asked(his bool, rev int) string {
	switch {
	case !his:
		return "order.not_yours"
	case l.state == "cancelled":
		return "order.cancelled"
	case l.state != "awaiting_cardholder":
		return "order.not_awaiting_cardholder"
	case l.rev != rev:
		return "order.changed"
	}
	return ""
}

func (m *reference) sign(l *refLine, his bool, rev int) string {
	l.joined = l.joined || his && l.waiting() // by giving contact details first
	no := l.asked(his, rev)
	switch {
	case no != "":
		return no
	case l.wrong:
		return "order.identity_mismatch"
	}
	l.to("approved")
	l.jobs++
	return ""
}

func (m *reference) decline(l *refLine, his bool, rev int) string {
	no := l.asked(his, rev)
	if no == "" {
		l.joined = true
		l.to("rejected_by_cardholder")
	}
	return no
}

// due is the look at lines that wait: a notice after 83 days, the end a week after it and not before 90 days.
func (m *reference) due() {
	const day = 24 * time.Hour
	for _, l := range m.lines {
		switch {
		case !l.waiting():
		case l.told >= 0 && m.now >= max(l.waits+90*day, l.told+7*day):
			l.lapsed = true
			l.to("cancelled")
		case l.told < 0 && m.now >= l.waits+83*day:
			l.told = m.now
		}
	}
}

func (m *reference) hold(on bool) string {
	switch {
	case m.closed:
		return "company.closed"
	case on && m.held:
		return "company.already_held"
	case !on && !m.held:
		return "company.not_held"
	}
	m.held = on
	return ""
}

func (m *reference) shutDown() string {
	if m.closed {
		return "company.closed"
	}
	m.closed = true
	return ""
}

// shown is a line as its company sees it.
func (l *refLine) shown() string {
	switch {
	case l.state == "ordered" && l.attempts > 1:
		return "in_review_again"
	case l.state == "ordered":
		return "in_review"
	case l.returned && strings.HasPrefix(l.state, "rejected"):
		return "returned"
	case l.state == "awaiting_cardholder" && l.joined && l.wrong:
		return "name_differs"
	case l.lapsed:
		return "lapsed"
	}
	return l.state
}

func (l *refLine) facts() string {
	var may []string
	if l.waiting() {
		if l.joined && l.wrong {
			may = append(may, "take_over_name")
		}
		may = append(may, "correct", "replace_photo")
		if l.state == "awaiting_cardholder" {
			may = append(may, "remind")
		}
		may = append(may, "cancel")
	}
	return fmt.Sprintf("%s r%d %s %v", l.state, l.rev, l.shown(), may)
}
