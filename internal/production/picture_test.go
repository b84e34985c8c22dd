package production_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/production"
)

var update = flag.Bool("update", false, "write docs/states again")

const picture = "../../docs/states/batch_item.md"

// The picture of an item's life is made from the transitions.
func TestPictureIsUpToDate(t *testing.T) {
	var b strings.Builder
	b.WriteString("# A card in production\n\nMade from `internal/production/state.go` by `go test ./internal/production -run Picture -update`.\n\n")
	b.WriteString("One item is one attempt to make one card. A remade item is followed by another with a new number; a returned one leaves\n" +
		"the line with the orderer. A receipt can be faster than the answer to the delivery: then a reserved item takes it.\n\n" +
		"```mermaid\nstateDiagram-v2\n    [*] --> reserved: approved line\n")
	for _, tr := range production.ItemTransitions() {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", tr.From, tr.To, tr.On)
	}
	b.WriteString("    dispatched --> [*]\n    remade --> [*]\n    returned --> [*]\n```\n\n| from | event | to |\n|---|---|---|\n")
	for _, tr := range production.ItemTransitions() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", tr.From, tr.On, tr.To)
	}
	want := b.String()
	if *update {
		if err := os.WriteFile(picture, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(picture); err != nil || string(got) != want {
		t.Errorf("%s is not what the transitions say; run with -update (%v)", picture, err)
	}
}

// Every state and event: where it leads, and that all else is refused.
func TestEveryStateAndEvent(t *testing.T) {
	want := map[string]production.ItemState{
		"reserved send": production.Sent, "reserved produce": production.Produced, "reserved fail": production.Failed,
		"sent produce": production.Produced, "sent fail": production.Failed, "produced dispatch": production.Dispatched,
		"failed remake": production.Remade, "failed return": production.Returned,
	}
	for _, s := range production.ItemStates() {
		for _, e := range production.ItemEvents() {
			to, err := production.Next(s, e)
			if expected, ok := want[string(s)+" "+string(e)]; ok {
				if to != expected || err != nil {
					t.Errorf("%s %s: %s, %v", s, e, to, err)
				}
			} else if fault.CodeOf(err) != "production.not_possible" {
				t.Errorf("%s %s: %s, %v", s, e, to, err)
			}
		}
	}
	if _, err := production.Next("melted", production.Send); err == nil {
		t.Error("an unknown state is an error")
	}
}

func TestWordsAreThere(t *testing.T) {
	for _, l := range i18n.Languages() {
		words := i18n.For(l.Lang)
		for _, s := range production.ItemStates() {
			words.T("production.item." + string(s))
		}
		if got := (production.Notice{Why: "photo,melted"}).Words(words); got != words.T("production.why.photo")+", melted" {
			t.Error(got)
		}
		for _, c := range production.RejectCodes() {
			if production.RejectText(words, c) == production.RejectText(words, "COFFEE") {
				t.Error(c, "has no words of its own")
			}
		}
		for _, s := range []production.Step{
			production.StepWaiting, production.StepQueued, production.StepAtBureau, production.StepAgain,
			production.StepFailed, production.StepProduced, production.StepDispatched, production.StepReturned,
		} {
			words.T("production.step." + string(s))
		}
	}
}
