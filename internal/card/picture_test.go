package card_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/card"
)

var update = flag.Bool("update", false, "write docs/states again")

const picture = "../../docs/states/card.md"

// The picture of a card's life is made from the transitions.
func TestPictureIsUpToDate(t *testing.T) {
	var b strings.Builder
	b.WriteString("# A card's life\n\nMade from `internal/card/state.go` by `go test ./internal/card -run Picture -update`.\n\n")
	b.WriteString("Expired is not a state: it follows from the last day, and nothing can be done with an expired card. Paused is not a state\n" +
		"either: the company is on hold, and the card works again when it is released.\n\n```mermaid\nstateDiagram-v2\n    [*] --> produced: the bureau's receipt\n")
	for _, tr := range card.Transitions() {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", tr.From, tr.To, tr.Action)
	}
	b.WriteString("    terminated --> [*]\n```\n\n| from | action | to | who |\n|---|---|---|---|\n")
	for _, tr := range card.Transitions() {
		var who []string
		for _, r := range tr.By {
			who = append(who, string(r))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", tr.From, tr.Action, tr.To, strings.Join(who, ", "))
	}
	b.WriteString("\n`replace` is what a newer card of the same person, company and type does to the older ones when it becomes active. `begin` is what\nthe bureau's dispatch does to a card of a type that nobody activates.\n")
	compare(t, picture, b.String())
}

func compare(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the transitions say; run with -update (%v)", file, err)
	}
}
