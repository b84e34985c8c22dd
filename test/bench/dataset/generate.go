package dataset

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	accounts "github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/seal"
)

// Today is the day that a set is made for: cards expire around it, orders were sent before it.
var Today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	years      = 4                  // of orders
	toProduce  = 9 * 24 * time.Hour // from order to card
	batchSize  = 500                // cards
	zipfExp    = 1.02               // of companies: of 20,000 the largest has a tenth of all cards
	replaced   = 0.16               // of the orders are for somebody whose card was ended as replaced
	openShare  = 0.05               // of the lines, the newest, have no card yet
	signatures = 1000               // lines share them
	firstBirth = -25567             // 1900-01-01, in days since 1970
	birthdays  = 39_800             // from there
)

// generator makes one set.
type generator struct {
	ctx  context.Context
	o    Options
	out  sink
	keys *seal.Keeper
	r    *rand.Rand
	log  journal

	firms    []firmRow
	byFirm   zipf
	photos   []picture
	evidence []string
	staff    []account // reviewers, an officer, production
	batch    *batch    // of cards that are there
	underway *batch    // of cards that the bureau has not made yet
	numbers  int64
	batchSeq map[int]int
	people   int   // personal numbers given
	lines    int64 // so far
	orders   int64
	cards    int64
	seq      uint64 // of ids
	words    words
	err      error // the first of the sink
}

type account struct {
	id, person, name string
}

type firmRow struct {
	id, name, number, address, line1, postcode, city string
	orderers                                         []account
	again                                            []holder // whose card was ended as replaced
}

// holder is a cardholder with the card that is to be replaced.
type holder struct {
	human
	id, number, hash, card string
}

func (g *generator) run() error {
	steps := []func(){g.pictures, g.evidences, g.companies, g.employees, g.readers, g.all, g.sortedWords, g.followers}
	for _, step := range steps {
		if step(); g.err != nil {
			return g.err
		}
		if err := g.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) row(t *table, values ...any) {
	if g.err == nil {
		g.err = g.out.row(t, values...)
	}
}

func (g *generator) entry(e entry) {
	if g.err == nil {
		g.err = g.log.add(e)
	}
}

// id is a UUIDv7 of a time; those of one millisecond sort in the order in which they were made.
func (g *generator) id(at time.Time) string {
	var u uuid.UUID
	g.seq++
	binary.BigEndian.PutUint64(u[:8], uint64(at.UnixMilli())<<16|0x7000|g.seq&0xfff)
	binary.BigEndian.PutUint64(u[8:], g.r.Uint64()&0x3fffffffffffffff|0x8000000000000000)
	return u.String()
}

func (g *generator) hex(n int) string {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.BigEndian.AppendUint64(b, g.r.Uint64())
	}
	return hex.EncodeToString(b[:n])
}

func micro(t time.Time) int64 { return t.UnixMicro() }

func maybe(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func (g *generator) sealed(purpose, id, plain string) []byte {
	b, err := g.keys.Seal(purpose, id, []byte(plain))
	if err != nil && g.err == nil {
		g.err = err
	}
	return b
}

// neverGiven are the serial numbers that the tax agency gives to nobody.
var neverGiven = [...]int{238, 239, 980, 981, 982, 983, 984, 985, 986, 987, 988, 989, 990, 991, 992, 993, 994, 995, 996, 997, 998, 999}

// number is the next personal number that nobody has; a prime spreads birthdays.
func (g *generator) number() (digits, born string) {
	k := g.people
	g.people++
	day := (k * 7919) % birthdays
	serial := neverGiven[k/birthdays]
	born = time.Unix(int64(firstBirth+day)*86400, 0).UTC().Format("2006-01-02")
	digits = born[:4] + born[5:7] + born[8:] + fmt.Sprint(serial)
	check, _ := luhn.Digit(digits[2:])
	return digits + string(check), born
}

func (g *generator) start() time.Time { return Today.AddDate(-years, 0, 0) }

// companies with an address; one in a hundred is on hold.
func (g *generator) companies() {
	n := max(g.o.Cards/50, 2)
	g.byFirm = newZipf(n, zipfExp)
	at := g.start().AddDate(-1, 0, 0)
	for i := range n {
		at = at.Add(time.Minute)
		digits := fmt.Sprintf("55%02d%05d", 60+i%40, i)
		check, _ := luhn.Digit(digits)
		c := firmRow{
			id: g.id(at), name: firm(i), number: digits + string(check), address: g.id(at),
			line1: fmt.Sprintf("%svägen %d", places[g.r.IntN(len(places))], 1+g.r.IntN(80)), postcode: fmt.Sprintf("%03d %02d", 111+g.r.IntN(800), g.r.IntN(100)), city: places[g.r.IntN(len(places))],
		}
		if _, err := company.ParseOrganisationNumber(c.number); err != nil {
			g.err = fmt.Errorf("company %d: %w", i, err)
			return
		}
		held, hold := any(nil), ""
		if i%100 == 19 {
			heldAt := Today.AddDate(0, 0, -i%300)
			held, hold = micro(heldAt), "unpaid"
			g.entry(entry{At: micro(heldAt), Kind: "company.held", ActorRole: "officer", ActorName: "Ivar Holm", Company: c.id, Reason: "unpaid"})
		}
		g.row(tCompany, c.id, c.name, i18n.Fold(c.name), i18n.SortKey(c.name), "SE", g.keys.Hash("organisation_number", "SE "+c.number), c.number,
			false, false, hold, held, nil, "", int64(1), micro(at))
		g.row(tAddress, c.address, c.id, true, c.name, "", c.line1, c.postcode, c.city, "SE", micro(at))
		g.firms = append(g.firms, c)
	}
}

// employees are those who order for companies, and the scheme's own.
func (g *generator) employees() {
	at := g.start().AddDate(0, -1, 0)
	for i := range g.firms {
		n := 1
		if i < 100 {
			n = 8 - i/15
		}
		for range n {
			at = at.Add(time.Second)
			g.firms[i].orderers = append(g.firms[i].orderers, g.account(at, "orderer", g.firms[i].id))
		}
	}
	for _, role := range []string{"reviewer", "reviewer", "reviewer", "officer", "production"} {
		at = at.Add(time.Second)
		g.staff = append(g.staff, g.account(at, role, ""))
	}
}

// account makes a person who signs in and may act in a role.
func (g *generator) account(at time.Time, role, company string) account {
	h := someone(g.r)
	digits, born := g.number()
	a := account{id: g.id(at), person: g.personRow(at, h, digits, born), name: h.given + " " + h.surname}
	g.row(tAccount, a.id, a.person, mailOf(h, g.people), h.lang, micro(at))
	g.row(tGrant, g.id(at), a.id, role, null(company), micro(at), nil)
	return a
}

func (g *generator) personRow(at time.Time, h human, digits, born string) string {
	id := g.id(at)
	g.row(tPerson, id, g.keys.Hash("personal_number", digits), g.sealed("person.number", id, digits), h.given, h.surname, born, h.nationality, false,
		mailOf(h, g.people), fmt.Sprintf("+4670%07d", g.people%10_000_000), "Exempelgatan 1", "111 22", "Exempelstad", "SE", h.lang, "bankid", micro(at), int64(1), micro(at))
	return id
}

func mailOf(h human, n int) string {
	return fmt.Sprintf("%s.%d@kortverk.example", i18n.Fold(h.given)[:1], n)
}

// readers are machines; key i is ReaderKey(i).
func (g *generator) readers() {
	at := g.start()
	for i := range Readers {
		g.row(tReader, g.id(at), fmt.Sprintf("Grind %d", i+1), hashed(ReaderKey(i)), micro(at))
	}
}

// all makes orders until there are enough cards, and the newest lines that have none yet.
func (g *generator) all() {
	total := int64(float64(g.o.Cards) / (1 - openShare))
	span := Today.Sub(g.start())
	for g.lines < total && g.err == nil && g.ctx.Err() == nil {
		at := g.start().Add(time.Duration(float64(span) * float64(g.lines) / float64(total)))
		f := g.byFirm.draw(g.r)
		n := 1
		switch x := g.r.IntN(100); {
		case x >= 90:
			n = 6 + g.r.IntN(10)
		case x >= 60:
			n = 2 + g.r.IntN(4)
		}
		g.order(at, f, int(min(int64(n), total-g.lines)), total)
	}
	g.close(&g.batch)
	g.close(&g.underway)
}

// followers have read everything: nobody is to be written to about what is made up.
func (g *generator) followers() { g.row(tCursor, accounts.Feed, g.log.size) }

// clockDate is a day as the columns have it.
func clockDate(t time.Time) string { return clock.DateOf(t).String() }
