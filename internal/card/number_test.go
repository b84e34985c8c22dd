package card

import (
	"errors"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// Rows: 58
func TestParseNumber(t *testing.T) {
	for _, in := range []string{"BB-1234-567897", "bb1234567897", " bb 1234 567897 ", "BB–1234–567897", "bb-1234567897", "b b 12 34 56 78 97"} {
		if n, err := ParseNumber(in); err != nil || n != "BB-1234-567897" {
			t.Errorf("%q gives %q, %v", in, n, err)
		}
	}
	for _, in := range []string{
		"", "BB-1234-567896", "BB-1234-56789", "BB-1234-5678970", "B-1234-567897", "BBB-1234-567897", "1234567897", "12-3456-7897BB",
		"BB-1234-56789x", "BÅ-1234-567897", "BB-1234-567897;", "BB_1234_567897", "BB-١٢٣٤-567897", strings.Repeat("B", 4000),
	} {
		if n, err := ParseNumber(in); fault.CodeOf(err) != "card.number_malformed" {
			t.Errorf("%.30q gives %q, %v", in, n, err)
		}
	}
}

func TestNumberParts(t *testing.T) {
	n := Number("BB-1234-567897")
	if n.LastSix() != "567897" || n.Digits() != "1234567897" || n.Masked() != "BB-1234-••••••" {
		t.Error(n.LastSix(), n.Digits(), n.Masked())
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add("BB-1234-567897")
	f.Add("bb 1234 567896")
	f.Fuzz(func(t *testing.T, in string) {
		n, err := ParseNumber(in)
		if err != nil {
			return
		}
		if again, err := ParseNumber(string(n)); err != nil || again != n || len(n) != 14 {
			t.Errorf("%q gives %q, which gives %q, %v", in, n, again, err)
		}
	})
}

func TestRandomNumbersParse(t *testing.T) {
	seen := map[Number]bool{}
	for range 2000 {
		n, err := randomNumber("XY")
		if err != nil {
			t.Fatal(err)
		}
		if p, err := ParseNumber(string(n)); err != nil || p != n || seen[n] || !strings.HasPrefix(string(n), "XY-") {
			t.Fatal(n, p, err, seen[n])
		}
		seen[n] = true
	}
}

func TestPINRules(t *testing.T) {
	patterns := 0
	for i := range 10_000 {
		if patternPIN(pad(i)) {
			patterns++
		}
	}
	if patterns != 248 {
		t.Errorf("%d patterns, expected 248", patterns)
	}
	born := clock.Date{Year: 1985, Month: 6, Day: 17}
	n := Number("BB-8052-739460")
	for _, pin := range []string{"8052", "9460", "0617", "1706", "1985", "6969", "1004", "1122"} {
		if !relatedPIN(pin, n, born) {
			t.Errorf("%s is guessed at once", pin)
		}
	}
	for range 5000 {
		pin, err := newPIN(n, born)
		if err != nil || len(pin) != 4 || patternPIN(pin) || relatedPIN(pin, n, born) {
			t.Fatal(pin, err)
		}
	}
}

func pad(i int) string {
	s := "000" + string(rune('0'+i%10))
	b := []byte(s)
	for k := 3; k >= 0; k-- {
		b[k] = byte('0' + i%10)
		i /= 10
	}
	return string(b)
}

// Every state and action, and what each is answered.
// Rows: 154
func TestEveryStateAndAction(t *testing.T) {
	today := clock.Date{Year: 2026, Month: 11, Day: 20}
	want := map[State]map[Action]string{
		Produced:   {ActionActivate: "active", ActionBlock: "card.not_active", ActionUnblock: "card.not_blocked", ActionTerminate: "terminated", ActionReplace: "terminated"},
		Active:     {ActionActivate: "card.already_active", ActionBlock: "blocked", ActionUnblock: "card.not_blocked", ActionTerminate: "terminated", ActionReplace: "terminated"},
		Blocked:    {ActionActivate: "card.blocked", ActionBlock: "card.already_blocked", ActionUnblock: "active", ActionTerminate: "terminated", ActionReplace: "terminated"},
		Terminated: {ActionActivate: "card.terminated", ActionBlock: "card.terminated", ActionUnblock: "card.terminated", ActionTerminate: "card.terminated", ActionReplace: "card.terminated"},
	}
	for s, actions := range want {
		for a, answer := range actions {
			to, refusal := Next(s, a, today, today)
			got := string(to)
			if refusal != nil {
				got = refusal.Code
			}
			if got != answer {
				t.Errorf("%s %s: %s, expected %s", s, a, got, answer)
			}
			if a == ActionReplace || s == Terminated {
				continue
			}
			if _, refusal := Next(s, a, today.AddDays(-1), today); refusal == nil || refusal.Code != "card.expired" {
				t.Errorf("%s %s on an expired card: %v", s, a, refusal)
			}
		}
	}
	if _, refusal := Next("melted", ActionBlock, today, today); refusal == nil || refusal.Kind != fault.Internal {
		t.Error("an unknown state is an error", refusal)
	}
}

func TestStatusCountsTheLastDay(t *testing.T) {
	last := clock.Date{Year: 2026, Month: 11, Day: 20}
	for _, c := range []struct {
		state State
		today clock.Date
		want  Status
	}{
		{Active, last, StatusActive},
		{Active, last.AddDays(1), StatusExpired},
		{Blocked, last, StatusBlocked},
		{Blocked, last.AddDays(1), StatusExpired},
		{Produced, last, StatusNotActivated},
		{Terminated, last.AddDays(1), StatusTerminated},
	} {
		if got := shown(c.state, last, c.today); got != c.want {
			t.Errorf("%s on %s: %s, expected %s", c.state, c.today, got, c.want)
		}
	}
}

// Rows: 64
func TestFeeConsequencesComeFromTheSchedule(t *testing.T) {
	day := clock.Date{Year: 2026, Month: 11, Day: 20}
	active, ok := Fee(FeeActive, day)
	live, ok2 := Fee(FeeLive, day)
	if !ok || !ok2 || active.PerYearOre != 8000 || live.ReopenOre != 120000 {
		t.Fatal(active, live)
	}
	if _, ok := Fee(FeeActive, clock.Date{Year: 2000, Month: 1, Day: 1}); ok {
		t.Error("there is no fee before the first row")
	}
	for _, c := range []struct {
		fee    FeeSchedule
		action Action
		from   State
		want   string
	}{
		{active, ActionBlock, Active, "fee_stops"},
		{live, ActionBlock, Active, "fee_goes_on"},
		{active, ActionUnblock, Blocked, "fee_begins"},
		{live, ActionUnblock, Blocked, "fee_goes_on"},
		{active, ActionTerminate, Active, "fee_stops"},
		{active, ActionTerminate, Blocked, "fee_none"},
		{live, ActionTerminate, Produced, "fee_stops"},
		{active, ActionActivate, Produced, "fee_begins"},
		{live, ActionActivate, Produced, "fee_goes_on"},
	} {
		all := Consequences(c.action, c.from, c.fee, Card{Type: "standard"}.Kind())
		if last := all[len(all)-1]; last.Code != c.want {
			t.Errorf("%s %s %s: %s, expected %s", c.fee.Set, c.action, c.from, last.Code, c.want)
		}
	}
}

func TestRefusalsAreFaults(t *testing.T) {
	err := error(changed())
	if !errors.Is(err, fault.New(fault.Conflict, "card.changed")) {
		t.Error(err)
	}
}
