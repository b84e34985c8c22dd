package model

import "fmt"

// The reference of what comes after the approval: batches, receipts, cards, and what readers hear.

func (l *refLine) missing(m *reference) bool { return l.until < m.day() || m.closed }

// work runs the jobs that wait: approved lines come into a batch, closed batches go to the bureau.
func (m *reference) work() {
	for _, l := range m.lines {
		if l.recheck {
			l.jobs, l.recheck = l.jobs+1, false
		}
		for ; l.jobs > 0; l.jobs-- {
			switch {
			case l.state != "approved":
			case l.missing(m):
				l.notices++
			default:
				l.to("in_production")
				m.put(l, 1)
			}
		}
	}
	for _, b := range m.batches {
		if b.state == "closed" {
			b.state = "delivered"
			for _, i := range b.items {
				if i.state == "reserved" {
					i.state = "sent"
				}
			}
			b.settle()
		}
	}
}

func (m *reference) put(l *refLine, attempt int) {
	if n := len(m.batches); n == 0 || m.batches[n-1].state != "open" {
		m.batches = append(m.batches, &refBatch{state: "open"})
	}
	b := m.batches[len(m.batches)-1]
	i := &refItem{state: "reserved", batch: len(m.batches) - 1, attempt: attempt}
	b.items, l.items = append(b.items, i), append(l.items, i)
}

func (m *reference) closeBatch() {
	if n := len(m.batches); n > 0 && m.batches[n-1].state == "open" {
		m.batches[n-1].state = "closed"
	}
}

func (b *refBatch) count(states ...string) (n int) {
	for _, i := range b.items {
		for _, s := range states {
			if i.state == s {
				n++
			}
		}
	}
	return n
}

func (b *refBatch) settle() {
	if b.state != "delivered" && b.state != "acknowledged" || b.count("reserved", "sent") > 0 {
		return
	}
	if b.state = "acknowledged"; b.count("produced", "failed") == 0 {
		b.state = "done"
	}
}

func (b *refBatch) facts() string {
	return fmt.Sprintf("%s %d=%d+%d+%d", b.state, len(b.items), b.count("produced", "dispatched"), b.count("failed", "remade", "returned"), b.count("reserved", "sent"))
}

func (m *reference) recheck(l *refLine) string {
	return m.decideNotice(l, func() string { l.recheck = true; return "" })
}

func (m *reference) giveUp(l *refLine) string {
	return m.decideNotice(l, func() string {
		if !l.missing(m) {
			return "production.complete"
		}
		m.back(l, "rejected_by_cardholder")
		return ""
	})
}

func (m *reference) decideNotice(l *refLine, do func() string) string {
	if l.state != "approved" {
		if l.notices > 0 {
			l.notices = 0
			return ""
		}
		return "production.not_approved"
	}
	no := do()
	if no == "" {
		l.notices = 0
	}
	return no
}

func (m *reference) back(l *refLine, to string) {
	l.to(to)
	l.returned, l.waits, l.told = true, m.now, -1
}

// receipt is one from the bureau that hasn't been sent before. The answer is what becomes of it.
func (m *reference) receipt(l *refLine, i *refItem, kind, code string, otherChip bool) string {
	b := m.batches[i.batch]
	owed, made := i.state == "reserved" || i.state == "sent", i.state == "produced" || i.state == "dispatched"
	refuse := func(why string) string {
		m.notices++
		return "refused " + why
	}
	switch {
	case b.state == "open":
		return refuse("not_sent")
	case kind == "produced" && made && otherChip:
		return refuse("other_chip")
	case kind == "produced" && made, kind == "dispatched" && i.state == "dispatched", kind == "failed" && !made && !owed:
		return "repeated "
	case kind == "produced" && !owed:
		return refuse("produced_after_failed")
	case kind == "failed" && made:
		return refuse("failed_after_produced")
	case kind == "dispatched" && owed:
		i.kept = true
		return "kept not_produced_yet"
	case kind == "dispatched" && !made:
		return refuse("dispatched_after_failed")
	}
	switch kind {
	case "produced":
		m.made++
		l.card = &refCard{state: "produced", rev: 1, order: m.made, till: l.until}
		l.to("produced")
		if i.state = "produced"; i.kept {
			i.state = "dispatched"
		}
	case "dispatched":
		if i.state = "dispatched"; l.card.state == "terminated" {
			m.notices++ // a letter that carries nothing of use
		}
	case "failed":
		m.failed(l, i, code)
	}
	b.settle()
	return "applied "
}

func (m *reference) failed(l *refLine, i *refItem, code string) {
	if i.state, i.code = "failed", code; i.kept {
		m.notices++
	}
	switch {
	case code == "PHOTO_WRONG":
		i.state = "returned"
		m.back(l, "rejected_by_reviewer")
	case code == "DATA_MISMATCH":
		i.state = "returned"
		m.back(l, "rejected_by_cardholder")
	case code == "JAM" && i.attempt < 3:
		i.state = "remade"
		m.put(l, i.attempt+1)
	}
}

// supervise is what somebody decides about a failed card.
func (m *reference) supervise(l *refLine, i *refItem, again bool) string {
	if i.state != "failed" {
		return "production.decided"
	}
	if i.state = "returned"; again {
		i.state = "remade"
		m.put(l, i.attempt+1)
	} else {
		m.back(l, "rejected_by_cardholder")
	}
	m.batches[i.batch].settle()
	return ""
}

// stopped is what anybody hears who wants something of a card that has ended or expired.
func (m *reference) stopped(c *refCard) string {
	switch {
	case c.state == "terminated":
		return "card.terminated"
	case c.till < m.day():
		return "card.expired"
	}
	return ""
}

// refusal is why an action can't be done to a card now.
func (m *reference) refusal(c *refCard, action string) string {
	no := m.stopped(c)
	switch {
	case action == "show_pin" && (no != "" || c.state != "active"):
		return "card.no_pin"
	case no != "":
		return no
	case action == "activate" && c.state == "active":
		return "card.already_active"
	case action == "activate" && c.state == "blocked":
		return "card.blocked"
	case action == "block" && c.state == "produced":
		return "card.not_active"
	case action == "block" && c.state == "blocked":
		return "card.already_blocked"
	case action == "unblock" && c.state != "blocked":
		return "card.not_blocked"
	}
	return ""
}

// change is what a company or a cardholder does: block, unblock, terminate.
func (m *reference) change(c *refCard, rev int, action string) string {
	if c.rev != rev {
		return "card.changed"
	}
	no := m.refusal(c, action)
	if no == "" {
		c.state = map[string]string{"block": "blocked", "unblock": "active", "terminate": "terminated"}[action]
		c.rev++
	}
	return no
}

func (m *reference) activate(l *refLine, right, fresh bool) string {
	c := l.card
	if !fresh {
		return "card.fresh_identification_needed"
	}
	if no := m.refusal(c, "activate"); no != "" {
		return no
	}
	if c.wrong >= 5 {
		return "card.locked"
	}
	if !right {
		if c.wrong++; c.wrong == 5 {
			return "card.locked"
		}
		return "card.digits_wrong"
	}
	c.wrong = 0
	for _, o := range m.lines {
		if old := o.card; o.who == l.who && old != nil && old.order < c.order && old.state != "terminated" {
			old.state, old.rev = "terminated", old.rev+1
		}
	}
	c.state, c.rev = "active", c.rev+1
	return ""
}

// heard is what a reader hears.
func (m *reference) heard(c *refCard) string {
	switch {
	case c.state == "terminated":
		return "terminated"
	case c.till < m.day():
		return "expired"
	case c.state == "blocked":
		return "blocked"
	case c.state == "produced":
		return "not_activated"
	case m.held:
		return "company_suspended"
	case m.closed:
		return "company_closed"
	}
	return "ok"
}

func (m *reference) cardFacts(c *refCard) string {
	allowed := func(actions ...string) (out []string) {
		for _, a := range actions {
			if m.refusal(c, a) == "" {
				out = append(out, a)
			}
		}
		return out
	}
	return fmt.Sprintf("%s r%d %s %v %v", c.state, c.rev, m.heard(c), allowed("block", "unblock", "terminate"), allowed("activate", "show_pin", "block"))
}
