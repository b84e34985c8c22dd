package dataset

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/spell"
)

// order is what lines have in common.
type order struct {
	id, number string
	firm       *firmRow
	index      int // of the firm
	by         account
	at         time.Time
	told       bool // has its journal
}

// line is one while it is being made.
type line struct {
	order
	holder
	id, masked, born, email, phone string
	state, match                   string
	revision, position             int64
	photo                          picture
	validUntil                     time.Time
	stateAt                        time.Time
	evidence                       string
	cardState                      string // of the card, "" for none
	ended                          bool   // as replaced
}

func (g *generator) order(at time.Time, f, n int, total int64) {
	firm := &g.firms[f]
	g.orders++
	o := order{
		id: g.id(at), number: orderNumber(g.orders), firm: firm, index: f, by: firm.orderers[g.r.IntN(len(firm.orderers))], at: at,
		told: g.o.Cards <= FullHistory || g.orders%10 == 0,
	}
	g.row(tOrder, o.id, firm.id, o.number, o.by.id, o.by.person, o.by.name, fmt.Sprintf("KV-%d", g.r.IntN(900)), "", firm.address, firm.name, firm.line1, "",
		firm.postcode, firm.city, "SE", micro(at), micro(at), micro(at), int64(2))
	for i := range n {
		age := 1 - float64(g.lines)/float64(total) // 1 the oldest
		g.lines++
		l := line{order: o, position: int64(i + 1), photo: g.photos[g.r.IntN(len(g.photos))]}
		l.id, l.evidence = g.id(at), g.evidence[g.r.IntN(len(g.evidence))]
		if age <= openShare {
			g.open(&l)
		} else {
			g.made(&l, age)
		}
	}
}

// orderNumber spreads a count over the readable codes, each once.
func orderNumber(n int64) string {
	const all = 30 * 30 * 30 * 30 * 30 * 30
	x := (n * 411_000_041) % all
	b := [6]byte{}
	for i := range b {
		b[i] = spell.Letters[x%30]
		x /= 30
	}
	return "B-" + string(b[:])
}

// cardNumber is the n-th; a prime spreads them.
func cardNumber(n int64) string {
	digits := fmt.Sprintf("%09d", (n*611_953_301)%1_000_000_000)
	check, _ := luhn.Digit(digits)
	digits += string(check)
	return "BB-" + digits[:4] + "-" + digits[4:]
}

// newcomer makes the line's person up: nobody knows them yet.
func (g *generator) newcomer(l *line) {
	l.human = someone(g.r)
	l.holder.number, l.born = g.number()
	l.hash = g.keys.Hash("personal_number", l.holder.number)
	l.known()
	l.email, l.phone = mailOf(l.human, g.people), fmt.Sprintf("+4670%07d", g.people%10_000_000)
}

func (l *line) known() {
	n := l.holder.number
	l.born = n[:4] + "-" + n[4:6] + "-" + n[6:8]
	l.masked = n[:8] + "-••••"
	l.email, l.phone = "holder@kortverk.example", "+46700000000"
}

// open is a line that has no card yet.
func (g *generator) open(l *line) {
	g.newcomer(l)
	l.validUntil = Today.AddDate(5, 0, 0)
	day := func(n int) time.Time { return l.at.Add(time.Duration(n) * 24 * time.Hour) }
	story := []step{{"order.submitted", "orderer", l.at}}
	passed, signed := step{"order.review_passed", "reviewer", day(1)}, step{"order.approved", "cardholder", day(3)}
	switch x := g.r.IntN(100); {
	case x < 40:
		l.state = "ordered"
	case x < 80:
		l.state, story = "awaiting_cardholder", append(story, passed)
	case x < 85:
		l.state, story = "rejected_by_reviewer", append(story, step{"order.review_rejected", "reviewer", day(1)})
	case x < 90:
		l.state, story = "rejected_by_cardholder", append(story, passed, step{"order.rejected_by_cardholder", "cardholder", day(2)})
	default:
		l.state, story = "in_production", append(story, passed, signed, step{"order.in_production", "system", day(4)})
		l.match = "m0"
		l.holder.id = g.personRow(day(2), l.human, l.holder.number, l.born)
	}
	l.tell(g, story)
	g.lineRow(l)
	if l.state == "in_production" {
		g.item(l, &g.underway, "", cardNumber(g.nextCard()), time.Time{})
	}
}

// made is a line with its card.
func (g *generator) made(l *line, age float64) {
	again := &l.firm.again
	var before holder
	if len(*again) > 0 && g.r.Float64() < replaced/0.2 { // four in five of the ended ones, as they come
		before = (*again)[0]
		*again = (*again)[1:]
		l.holder = before
		l.known()
	} else {
		g.newcomer(l)
		l.holder.id = g.personRow(l.at.Add(3*24*time.Hour), l.human, l.holder.number, l.born)
		if g.r.IntN(10) == 0 {
			g.row(tAccount, g.id(l.at), l.holder.id, null(l.email), l.lang, micro(l.at))
		}
	}
	l.match, l.state = "m0", "produced"
	produced := l.at.Add(toProduce)
	l.fate(g.r, age, produced)
	l.tell(g, []step{
		{"order.submitted", "orderer", l.at},
		{"order.review_passed", "reviewer", l.at.Add(24 * time.Hour)},
		{"order.approved", "cardholder", l.at.Add(3 * 24 * time.Hour)},
		{"order.in_production", "system", l.at.Add(4 * 24 * time.Hour)},
		{"order.produced", "system", produced},
	})
	g.lineRow(l)
	g.cards++
	n, card := cardNumber(g.nextCard()), g.id(produced)
	batch := g.item(l, &g.batch, card, n, produced)
	g.cardRow(l, card, n, before.card, produced, batch)
	if l.ended {
		*again = append(*again, holder{human: l.human, id: l.holder.id, number: l.holder.number, hash: l.hash, card: card})
	}
}

// fate decides what became of the card: of all lines 60 % have an active one, 25 % one that was ended, 5 % a blocked and
// 5 % an expired one.
func (l *line) fate(r *rand.Rand, age float64, produced time.Time) {
	most := produced.AddDate(5, 0, 0)
	l.validUntil = Today.AddDate(0, 0, 1+r.IntN(max(1, int(most.Sub(Today).Hours()/24))))
	switch x := r.Float64(); {
	case x < 0.263:
		l.cardState, l.ended = "terminated", r.IntN(5) > 0
	case x < 0.316:
		l.cardState = "blocked"
	case x < 0.422 && age > 0.525: // the older half
		l.cardState, l.validUntil = "active", Today.AddDate(0, 0, -1-r.IntN(300))
	default:
		l.cardState = "active"
	}
}

// step is an entry of a line's journal.
type step struct {
	kind, role string
	at         time.Time
}

// tell sets the line's revision, and writes its journal.
func (l *line) tell(g *generator, story []step) {
	l.revision, l.stateAt = int64(1+len(story)), story[len(story)-1].at
	if !l.told {
		return
	}
	for i, s := range story {
		e := entry{
			At: micro(s.at), Kind: s.kind, ActorRole: s.role, ActorName: "Kortverk", Company: l.firm.id, Person: l.holder.id, Order: l.order.id, Line: l.id,
			Data: `{"revision":"` + strconv.Itoa(i+2) + `"}`,
		}
		switch s.role {
		case "orderer":
			e.ActorAccount, e.ActorPerson, e.ActorCompany, e.ActorName = l.by.id, l.by.person, l.firm.id, l.by.name
		case "reviewer":
			e.ActorAccount, e.ActorPerson, e.ActorName = g.staff[0].id, g.staff[0].person, g.staff[0].name
		case "cardholder":
			e.ActorPerson, e.ActorName = l.holder.id, l.whole()
		}
		g.entry(e)
	}
}

func (l *line) whole() string { return l.human.given + " " + l.surname }

func (g *generator) nextCard() int64 {
	g.numbers++
	return g.numbers
}

func (g *generator) lineRow(l *line) {
	signed := l.state == "produced" || l.state == "in_production"
	reviewed := l.state != "ordered"
	signedAt, reviewedAt := any(nil), any(nil)
	reviewer, reviewerName, outcome, reasons := any(nil), "", "", ""
	if reviewed {
		reviewedAt, reviewer, reviewerName, outcome = micro(l.at.Add(24*time.Hour)), g.staff[0].id, g.staff[0].name, "passed"
		if l.state == "rejected_by_reviewer" {
			outcome, reasons = "rejected", "photo_light"
		}
	}
	provenGiven, provenSurname, provenBorn, provenBy, provenAt := "", "", any(nil), "", any(nil)
	evidence, signedFirm, signedNumber, born := any(nil), "", "", l.born
	if signed {
		signedAt, evidence, signedFirm, signedNumber = micro(l.at.Add(3*24*time.Hour)), l.evidence, l.firm.name, l.firm.number
		provenGiven, provenSurname, provenBorn, provenBy, provenAt = l.human.given, l.surname, born, "bankid", signedAt
	}
	reject, due := "", any(nil)
	if l.state == "rejected_by_cardholder" {
		reject = "Namnet är fel."
	}
	if l.cardState == "" && l.state != "in_production" {
		due = micro(Today.AddDate(20, 0, 0))
	}
	g.row(tLine, l.id, l.order.id, l.firm.id, l.position, l.state, l.revision, l.revision+3, l.human.given, l.surname, "", "", l.born,
		l.nationality, g.sealed("line.personal_number", l.id, l.holder.number), l.hash, l.masked, l.email, l.phone, l.lang, "standard", clockDate(l.validUntil), "",
		l.photo.cut, g.hex(32), int64(g.r.Uint64()), l.photo.original, g.hex(32), int64(g.r.Uint64()), "{}", l.photo.verdict, micro(l.at), micro(l.at), int64(1), "", "",
		reviewedAt, reviewedAt, reviewer, reviewerName, outcome, reasons, "", l.revision, null(l.holder.id), provenGiven,
		provenSurname, provenBorn, provenBy, provenAt, false, l.match, reject, "", "", evidence,
		signedAt, signedFirm, signedNumber, reviewedAt, micro(l.at), int64(0), due, micro(l.at), micro(l.stateAt))
	g.words.add(l)
}
