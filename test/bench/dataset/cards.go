package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// batch is one that takes items.
type batch struct {
	id, number string
	seq, size  int
	at         time.Time
}

// item makes what the bureau makes a card from, and the number's reservation. A time of production is there for a card
// that was posted. It answers the batch.
func (g *generator) item(l *line, in **batch, card, number string, produced time.Time) string {
	made := l.at.Add(4 * 24 * time.Hour)
	if *in == nil {
		g.batchSeq[made.Year()]++
		n := g.batchSeq[made.Year()]
		*in = &batch{id: g.id(made), seq: n, number: fmt.Sprintf("%02d-%04d", made.Year()%100, n), at: made}
	}
	b := *in
	b.size++
	id := g.id(made)
	g.row(tNumber, number, l.id, id, null(card), micro(made))
	state, revision, posted := "sent", int64(2), time.Time{}
	if card != "" {
		state, revision, posted = "dispatched", 4, produced.Add(24*time.Hour)
	}
	address := l.firm.name + "\n" + l.firm.line1 + "\n" + l.firm.postcode + " " + l.firm.city
	g.row(tItem, id, b.id, l.id, l.order.id, l.firm.id, l.holder.id, number, state, revision, int64(1), "standard", l.human.given, l.surname,
		l.firm.name, l.firm.number, clockDate(l.validUntil), l.photo.cut, address, l.by.name, l.order.number, "", chip(card), tracking(card), null(card),
		micro(made), micro(made), maybe(produced), maybe(posted))
	if l.told {
		g.entry(entry{
			At: micro(made), Kind: "production.queued", ActorRole: "system", ActorName: "production", Company: l.firm.id, Person: l.holder.id, Order: l.order.id,
			Line: l.id, Batch: b.id, Data: `{"attempt":"1","batch":"` + b.number + `"}`,
		})
		if card != "" {
			g.receipt(id, "produced", chip(card), "", produced)
			g.receipt(id, "dispatched", "", tracking(card), posted)
		}
	}
	if b.size >= batchSize {
		g.close(in)
	}
	return b.id
}

func (g *generator) receipt(item, kind, chip, tracking string, at time.Time) {
	id := g.id(at)
	sum := sha256.Sum256([]byte(id))
	g.row(tReceipt, id, hex.EncodeToString(sum[:]), item, kind, chip, "", tracking, micro(at), micro(at), "applied", "")
}

// chip and tracking follow from the card's id: each card has its own.
func chip(card string) string {
	if card == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(card))
	return fmt.Sprintf("04%X", sum[:6])
}

func tracking(card string) string {
	if card == "" {
		return ""
	}
	return "RR" + card[len(card)-9:] + "SE"
}

// close writes a batch, and lets the next item begin another one.
func (g *generator) close(in **batch) {
	b := *in
	if b == nil {
		return
	}
	state, done := "done", any(micro(b.at.Add(10*24*time.Hour)))
	if in == &g.underway {
		state, done = "delivered", nil
	}
	at := micro(b.at.Add(time.Hour))
	g.row(tBatch, b.id, int64(b.at.Year()), int64(b.seq), b.number, state, int64(b.size), micro(b.at), at, at, int64(0), done)
	for _, kind := range []string{"production.closed", "production.delivered"} {
		g.entry(entry{At: at, Kind: kind, ActorRole: "system", ActorName: "production", Batch: b.id})
	}
	*in = nil
}

// event is an entry of a card's journal.
type event struct {
	kind, role, reason string
	at                 time.Time
}

func (g *generator) cardRow(l *line, id, number, before string, produced time.Time, batch string) {
	activated, posted := produced.Add(5*24*time.Hour), produced.Add(24*time.Hour)
	story := []event{
		{"card.produced", "system", "", produced},
		{"card.dispatched", "system", "", posted},
		{"card.activated", "cardholder", "", activated},
	}
	var blocked, ended time.Time
	revision, blockReason, blockedBy, endReason := int64(2), "", "", ""
	// Whatever happened to it, happened in the time since.
	later := activated.Add(time.Duration(g.r.Float64() * float64(max(0, Today.Sub(activated)))))
	switch l.cardState {
	case "blocked":
		blocked, revision, blockReason, blockedBy = later, 3, "lost", "orderer"
		story = append(story, event{"card.blocked", "orderer", "lost", later})
	case "terminated":
		ended, revision, endReason = later, 3, "employment_ended"
		if l.ended {
			endReason = "replaced"
		}
		story = append(story, event{"card.terminated", "orderer", endReason, later})
	}
	g.row(tCard, id, number, l.id, l.order.id, l.firm.id, l.holder.id, "standard", l.cardState, revision, l.human.given, l.surname, l.firm.name,
		l.firm.number, clockDate(l.validUntil), l.photo.cut, chip(id), tracking(id), l.by.name, l.order.number, null(before), micro(produced), micro(posted),
		micro(activated), maybe(blocked), maybe(ended), blockReason, blockedBy, endReason, "")
	if l.cardState != "terminated" {
		g.pin(id, number, activated)
	}
	if !l.told {
		return
	}
	for _, s := range story {
		e := entry{
			At: micro(s.at), Kind: s.kind, ActorRole: s.role, ActorName: "production", Company: l.firm.id, Person: l.holder.id, Order: l.order.id, Line: l.id, Card: id,
			Reason: s.reason,
		}
		switch s.role {
		case "orderer":
			e.ActorAccount, e.ActorPerson, e.ActorCompany, e.ActorName = l.by.id, l.by.person, l.firm.id, l.by.name
		case "cardholder":
			e.ActorPerson, e.ActorName = l.holder.id, l.whole()
		case "system":
			e.Batch = batch
		}
		g.entry(e)
	}
}

// pin seals four digits as activation does.
func (g *generator) pin(card, number string, at time.Time) {
	activation := g.id(at)
	bound, digits := "v1|"+number+"|"+activation, fmt.Sprintf("%04d", 2036+g.r.IntN(7000))
	g.row(tPIN, card, activation, g.sealed("card.pin", bound, digits), g.keys.Hash("card.pvv", bound+"|"+digits)[:16], micro(at))
}
