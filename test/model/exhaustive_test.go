package model

import (
	"os"
	"testing"
	"time"
)

// Every world that can be reached keeps the promises.
func TestTables(t *testing.T) {
	began := time.Now()
	r := sound()
	if v := os.Getenv("M"); v != "" {
		r.mishaps = v[0] - '0'
		r.alone = len(v) > 1
	}
	got := search(r)
	t.Logf("%d states, %d steps, %v", got.states, got.steps, time.Since(began).Round(time.Millisecond))
	if got.why != "" {
		t.Fatalf("%s\n%s", got.why, got.timeline)
	}
	for _, row := range r.line {
		if !got.used["line "+string(row.From)+" "+string(row.On)] {
			t.Errorf("nothing ever takes the line's arrow from %s on %s", row.From, row.On)
		}
	}
	for _, row := range r.card {
		if !got.used["card "+string(row.From)+" "+string(row.Action)] {
			t.Errorf("nothing ever takes the card's arrow from %s on %s", row.From, row.Action)
		}
	}
	for _, row := range r.item {
		if !got.used["item "+string(row.From)+" "+string(row.On)] {
			t.Errorf("nothing ever takes the item's arrow from %s on %s", row.From, row.On)
		}
	}
}
