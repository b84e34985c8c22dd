package card_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
)

// Rows: 52, 54, 55, 57
func TestActivateMakesThePIN(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Piotr", "Wiśniewski")
		c := k.Produced(t, h)
		if c.State != card.Produced || c.Revision != 1 {
			t.Fatal(c)
		}
		var told []card.State
		k.Cards.OnChange(func(c card.Card) { told = append(told, c.State) })
		a := must[card.Activation](t)(k.Cards.Activate(t.Context(), h.Actor, c.ID, " "+c.Number.LastSix()[:3]+" "+c.Number.LastSix()[3:], time.Now()))
		if a.Card.State != card.Active || len(a.PIN) != 4 || a.Card.ActivatedAt.IsZero() {
			t.Fatal(a.Card)
		}
		pin := must[string](t)(k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, strings.ToLower(string(c.Number)), time.Now()))
		if pin != a.PIN {
			t.Error("shown PIN differs from the one at activation")
		}
		if got := entries(t, d, c); !slices.Equal(got, []string{"card.produced", "card.activated", "card.pin_shown", "card.pin_shown"}) {
			t.Error(got)
		}
		if got := mails(t, d, c); !slices.Contains(got, "card_activated") || !slices.Contains(got, "pin_shown") {
			t.Error(got)
		}
		if !slices.Equal(told, []card.State{card.Active}) {
			t.Error(told)
		}
		_, err := k.Cards.Activate(t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now())
		wants(t, err, "card.already_active")
	})
}

func TestActivateRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h, other := k.Holder(t, "Sara", "Ekdahl"), k.Holder(t, "Oskar", "Hägg")
		c := k.Produced(t, h)
		activate := func(by actor.Actor, digits string, fresh time.Time) error {
			_, err := k.Cards.Activate(t.Context(), by, c.ID, digits, fresh)
			return err
		}
		right := c.Number.LastSix()
		wants(t, activate(other.Actor, right, time.Now()), "card.unknown")
		wants(t, activate(k.Orderer, right, time.Now()), "card.not_allowed")
		wants(t, activate(k.Officer, right, time.Now()), "card.not_allowed")
		wants(t, activate(h.Actor, right, time.Now().Add(-6*time.Minute)), "card.fresh_identification_needed")
		wants(t, activate(h.Actor, right, time.Time{}), "card.fresh_identification_needed")
		wants(t, activate(h.Actor, right, time.Now().Add(time.Hour)), "card.fresh_identification_needed")
		wants(t, activate(h.Actor, "12345", time.Now()), "card.digits_malformed")
		wants(t, activate(h.Actor, "12345a", time.Now()), "card.digits_malformed")
		wants(t, activate(h.Actor, "+12345", time.Now()), "card.digits_malformed")
		_, err := k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), time.Now())
		wants(t, err, "card.no_pin")
		k.Expire(t, c)
		wants(t, activate(h.Actor, right, time.Now()), "card.expired")
		if got := entries(t, d, c); !slices.Equal(got, []string{"card.produced"}) {
			t.Error("a refusal changed something:", got)
		}
	})
}

// Rows: 57
func TestFiveWrongLock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		c, _ := k.Active(t, h)
		wrong := "BB-1234-567897"
		for left := 4; left >= 1; left-- {
			_, err := k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, wrong, time.Now())
			wants(t, err, "card.number_wrong")
			if e, _ := fault.As(err); e == nil || e.Args["left"] != string(rune('0'+left)) {
				t.Error(e, left)
			}
		}
		_, err := k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, "not a number", time.Now())
		wants(t, err, "card.number_malformed")
		_, err = k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, wrong, time.Now())
		wants(t, err, "card.locked")
		_, err = k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), time.Now())
		wants(t, err, "card.locked")
		if got := entries(t, d, c); got[len(got)-1] != "card.locked" {
			t.Error(got)
		}
		// Fifteen minutes later the right one opens, and the count begins anew.
		card.SetWall(k.Cards, func() time.Time { return time.Now().Add(16 * time.Minute) })
		later := time.Now().Add(16 * time.Minute)
		if _, err := k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), later); err != nil {
			t.Error(err)
		}
		_, err = k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, wrong, later)
		wants(t, err, "card.number_wrong")
		if e, _ := fault.As(err); e == nil || e.Args["left"] != "4" {
			t.Error(e)
		}
	})
}

// Rows: 57
func TestFortyAtOnceAreFiveWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		shown, _ := k.Active(t, h)
		waiting := k.Issue(t, k.Line(t, h, order.Produced), "Furuborg Bygg AB")
		digits := "000000"
		if waiting.Number.LastSix() == digits {
			digits = "000001"
		}
		for name, try := range map[string]func() error{
			"number": func() error {
				_, err := k.Cards.ShowPIN(t.Context(), h.Actor, shown.ID, "BB-1234-567897", time.Now())
				return err
			},
			"digits": func() error {
				_, err := k.Cards.Activate(t.Context(), h.Actor, waiting.ID, digits, time.Now())
				return err
			},
		} {
			codes := parallel(40, try)
			if codes["card."+name+"_wrong"] != 4 || codes["card.locked"] != 36 {
				t.Error(name, codes)
			}
		}
	})
}

// parallel runs fn n times at once and counts the codes; "" is success.
func parallel(n int, fn ...func() error) map[string]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := fn[i%len(fn)]()
			mu.Lock()
			defer mu.Unlock()
			if code := fault.CodeOf(err); err != nil && code == "" {
				codes[err.Error()]++
			} else {
				codes[code]++
			}
		})
	}
	close(start)
	wg.Wait()
	return codes
}

func TestPINIsNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		// Four digits occur by chance in ids and times; a PIN among letters doesn't.
		h := k.Holder(t, "Sara", "Ekdahl")
		c, pin := k.Active(t, h)
		must[string](t)(k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), time.Now()))
		for _, q := range []string{
			`SELECT reason || '|' || data FROM journal_entry WHERE card_id = $1`,
			`SELECT '|' || template || reply FROM mail WHERE card_id = $1`,
			`SELECT note || '|' || end_reason FROM card WHERE id = $1`,
		} {
			for _, s := range texts(t, d, q, c.ID) {
				if strings.Contains(s, pin) {
					t.Errorf("%s holds the PIN: %s", q, s)
				}
			}
		}
		type stored struct{ sealed, check string }
		p := must[stored](t)(db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (stored, error) {
			return db.One(tx, func(r db.Row) (s stored, err error) {
				var sealed []byte
				err = r.Scan(&sealed, &s.check)
				s.sealed = string(sealed)
				return s, err
			}, `SELECT sealed, pvv FROM card_pin WHERE card_id = $1`, c.ID)
		}))
		if strings.Contains(p.sealed, pin) || p.check == pin || len(p.sealed) < 30 {
			t.Error("the PIN isn't sealed")
		}
	})
}

func texts(t *testing.T, d *db.DB, q string, args ...any) []string {
	t.Helper()
	return must[[]string](t)(db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], q, args...)
	}))
}

func TestSealedPINOpensOnlyOnItsOwnCard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		a, b := k.Holder(t, "Sara", "Ekdahl"), k.Holder(t, "Oskar", "Hägg")
		ca, pinA := k.Active(t, a)
		cb, _ := k.Active(t, b)
		err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE card_pin SET sealed = (SELECT sealed FROM card_pin WHERE card_id = $1),
				activation_id = (SELECT activation_id FROM card_pin WHERE card_id = $1) WHERE card_id = $2`, ca.ID, cb.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if pin, err := k.Cards.ShowPIN(t.Context(), b.Actor, cb.ID, string(cb.Number), time.Now()); err == nil || pin == pinA {
			t.Error("a moved PIN opens")
		}
	})
}
