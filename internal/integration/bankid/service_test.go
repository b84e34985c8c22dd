package bankid_test

import (
	"context"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/integration/bankid/bankidsim"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

// The whole way: service, adapter, wire, simulator, and back into the database.
func TestServiceOverTheWire(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t)
		s := eid.New(d, sealtest.NewTest(t), b.p, nil)
		who := bankidsim.SpecialPersonas()[4]
		begin := eid.Begin{
			Purpose: eid.Sign, Browser: "browser", IP: "192.0.2.7", UserAgent: "test", Lang: "sv", Subject: "line:1@1",
			ReturnURL: "http://localhost:8080/eid/return", VisibleText: "Jag godkänner kortet.", Hidden: []byte("{}"), PersonalNumber: who.PersonalNumber,
		}
		started, err := s.Start(t.Context(), begin)
		if err != nil {
			t.Fatal(err)
		}
		qr, _, err := s.QR(t.Context(), started.ID, "browser")
		if err != nil {
			t.Fatal(err)
		}
		b.control(200, "/orders/"+started.AutoStartToken+"/advance", `{"state":"userSign"}`)
		step(t, s)
		if got := find(t, s, started.ID); got.Hint != "userSign" || qr == "" {
			t.Fatalf("%s %q", got.Hint, qr)
		}
		b.control(200, "/orders/"+started.AutoStartToken+"/approve", ``)
		step(t, s)
		a, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (eid.Assertion, error) {
			return s.TakeTx(ctx, tx, started.ID, "browser", "line:1@1")
		})
		if err != nil || a.PersonalNumber != who.PersonalNumber || a.Provider != "bankid" || time.Since(a.At) > time.Minute {
			t.Fatalf("%+v %v", a, err)
		}
		// What is kept verifies again by itself.
		e, err := s.Evidence(t.Context(), a.Evidence)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := b.verifier().Verify(fields(t, e.Answer))
		if err != nil || signed.VisibleText != begin.VisibleText {
			t.Fatalf("%+v %v", signed, err)
		}
	})
}

// The connection breaks while the final answer is on its way.
func TestServiceLosesTheAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBench(t)
		s := eid.New(d, sealtest.NewTest(t), b.p, nil)
		started, err := s.Start(t.Context(), eid.Begin{Purpose: eid.Identify, Browser: "browser", IP: "192.0.2.7", Subject: "signin:/"})
		if err != nil {
			t.Fatal(err)
		}
		b.control(200, "/orders/"+started.AutoStartToken+"/approve", `{"persona":"polish"}`)
		b.control(204, "/fault", `{"next":"lost","on":"collect"}`)
		step(t, s)
		if got := find(t, s, started.ID); got.State != eid.StatePending {
			t.Fatalf("state %s: nobody knows yet", got.State)
		}
		step(t, s)
		if got := find(t, s, started.ID); got.State != eid.StateUnresolved || got.Message(false) != "eid.answer_lost_identify" {
			t.Fatalf("%s %s", got.State, got.Hint)
		}
	})
}

func step(t *testing.T, s *eid.Service) {
	t.Helper()
	if _, err := s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, s *eid.Service, id eid.ID) eid.Transaction {
	t.Helper()
	got, err := s.Find(t.Context(), id, "browser")
	if err != nil {
		t.Fatal(err)
	}
	return got
}
