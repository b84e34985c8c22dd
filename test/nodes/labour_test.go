package nodes

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// labour is what people do at all nodes while the ground shakes.
type labour struct {
	all sync.WaitGroup

	mu       sync.Mutex
	named    map[string]string // what was typed for orders and kept, by line
	perhaps  int               // what was answered with an error
	turned   map[string]int    // blocks and unblocks that were answered, by card
	unsure   map[string]int    // those that were answered with an error
	answered []time.Time
	wrong    []string
}

// work has somebody begin orders at each node, and block and unblock a card at each; after every answer a reader asks.
func work(t *testing.T, ctx context.Context, s *site) *labour {
	t.Helper()
	w := &labour{named: map[string]string{}, turned: map[string]int{}, unsure: map[string]int{}}
	alva, bjorn := s.all.SignIn("alva"), s.all.SignIn("bjorn")
	// An order that nobody has typed into is begun only once, so each begins orders of a company of their own.
	desks := []struct {
		who     *harness.Program
		company string
	}{{alva, "furuborg"}, {bjorn, "norrsken"}}
	for i, holder := range []string{"jonas", "samuel"} {
		desk := newHand(desks[i].who, s.nodes[i])
		h := newHand(alva, s.nodes[i])
		h.key, h.reader = s.kept.Reader, s.nodes[i].Reader.URL
		number := s.kept.Number(t, holder)
		w.all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				w.begin(desk, s.all.Company(desks[i].company)+"/orders/new", s.all.Person("sean"), letters(2*n+i))
				time.Sleep(100 * time.Millisecond)
			}
		})
		w.all.Go(func() {
			for ctx.Err() == nil {
				w.turn(ctx, h, s.all.Company("furuborg")+"/cards/"+number, number)
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
	return w
}

// letters is a number as a name: digits are in nobody's.
func letters(n int) string {
	name := []byte("Aaaaa")
	for i := len(name) - 1; i > 0; i-- {
		name[i] += byte(n % 26)
		n /= 26
	}
	return string(name)
}

func (w *labour) note(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}

func (w *labour) complain(format string, args ...any) {
	w.note(func() { w.wrong = append(w.wrong, fmt.Sprintf(format, args...)) })
}

// begin begins an order, and types a person into it.
func (w *labour) begin(h *hand, path string, p harness.Person, surname string) {
	a, err := h.do("POST", path, url.Values{})
	if err == nil && a.Status == 303 {
		where := a.Location
		a, err = h.do("POST", where, url.Values{
			"given_name": {p.GivenName}, "surname": {surname}, "birth_date": {p.BirthDate}, "nationality": {p.Nationality},
			"personal_number": {p.PersonalNumber}, "email": {p.Email}, "phone": {p.Phone}, "lang": {p.Lang},
		})
		if err == nil && a.Status == 303 {
			parts := strings.Split(where, "/")
			w.note(func() {
				w.named[parts[len(parts)-2]] = surname
				w.answered = append(w.answered, time.Now())
			})
			return
		}
	}
	if err != nil || a.Status != 503 {
		w.complain("a new order: %d %v\n%s", a.Status, err, harness.Text(a.Body))
	}
	w.note(func() { w.perhaps++ })
}

var revisionOf = regexp.MustCompile(`name="revision" value="(\d+)"`)

// turn blocks a card that works, or unblocks it, and asks a reader, who mustn't hear anything else than was answered.
func (w *labour) turn(ctx context.Context, h *hand, page, number string) {
	act, want := "/block", "blocked"
	switch w.ask(ctx, h, number) {
	case "ok":
	case "blocked":
		act, want = "/unblock", "ok"
	default:
		return
	}
	a, err := h.do("GET", page+act, nil)
	m := revisionOf.FindStringSubmatch(a.Body)
	if err != nil || m == nil {
		if a.Status != 503 {
			w.complain("GET %s: %d %v\n%s", act, a.Status, err, harness.Text(a.Body))
		}
		return
	}
	a, err = h.do("POST", page+act, url.Values{"revision": {m[1]}, "reason": {"lost"}, "note": {"found"}})
	switch {
	case err == nil && a.Status == 303:
		w.note(func() { w.turned[number]++; w.answered = append(w.answered, time.Now()) })
		if got := w.ask(ctx, h, number); got != want && got != "" {
			w.complain("after an answered %s a reader hears %q", act, got)
		}
	case err == nil && a.Status == 503:
		w.note(func() { w.unsure[number]++ })
	default:
		w.complain("POST %s: %d %v\n%s", act, a.Status, err, harness.Text(a.Body))
	}
}

// ask asks until there is an answer; "" when it is over.
func (w *labour) ask(ctx context.Context, h *hand, number string) string {
	for {
		v, status, err := h.check(number)
		switch {
		case err == nil && status == 200:
			return v.Reason
		case err != nil || status != 503:
			w.complain("a check: %d %v", status, err)
			return ""
		}
		if ctx.Err() != nil {
			return ""
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (w *labour) since(t time.Time) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.answered) - 1; i >= 0 && w.answered[i].After(t); i-- {
		n++
	}
	return n
}

// verify compares what people were answered with what is there.
func (w *labour) verify(t *testing.T, d *sql.DB) {
	t.Helper()
	for i, what := range w.wrong {
		if i < 8 {
			t.Error(what)
		}
	}
	lost := 0
	for line, surname := range w.named {
		var there string
		if err := d.QueryRow(`SELECT surname FROM order_line WHERE id = $1`, line).Scan(&there); err != nil || there != surname {
			lost++
		}
	}
	if lost > 0 || len(w.named) == 0 {
		t.Errorf("of %d names that were kept %d are lost", len(w.named), lost)
	}
	for number, n := range w.turned {
		var there int
		if err := d.QueryRow(`SELECT count(*) FROM journal_entry e JOIN card c ON c.id = e.card_id
			WHERE c.number = $1 AND e.kind IN ('card.blocked', 'card.unblocked')`, number).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if there < n || there > n+w.unsure[number] {
			t.Errorf("%d blocks and unblocks were answered and %d weren't; %d happened", n, w.unsure[number], there)
		}
		t.Logf("card %s: %d blocks and unblocks answered, %d answered with an error, %d happened", number, n, w.unsure[number], there)
	}
	t.Logf("%d orders begun and named, %d attempts answered with an error", len(w.named), w.perhaps)
}
