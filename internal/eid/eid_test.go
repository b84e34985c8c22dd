package eid_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

var asa = eidtest.Person{PersonalNumber: "199002032380", GivenName: "ÅSA MARIE", Surname: "ÖBERG LIND"}

// world is one deployment: a database, keys, a provider, a wall clock and a node.
type world struct {
	*eid.Service
	t      *testing.T
	d      *db.DB
	keeper *seal.Keeper
	p      *eidtest.Provider
	offset *atomic.Int64
}

func newWorld(t *testing.T, d *db.DB) *world {
	w := &world{t: t, d: d, keeper: sealtest.NewTest(t), p: eidtest.New(), offset: new(atomic.Int64)}
	w.Service = w.node()
	return w
}

// node is one more node on the same database.
func (w *world) node() *eid.Service {
	s := w.p.Service(w.t, w.d, w.keeper)
	s.SetNow(func() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) })
	return s
}

func (w *world) pass(d time.Duration) { w.offset.Add(int64(d)) }

func sign() eid.Begin {
	return eid.Begin{
		Purpose: eid.Sign, Browser: "browser-1", IP: "192.0.2.7", UserAgent: "test", Lang: "sv", ReturnURL: "https://kortverk.example/a?x=1",
		Subject: "line:1@1", VisibleText: "Jag godkänner kortet.", Hidden: []byte(`{"line":1}`), PersonalNumber: asa.PersonalNumber,
	}
}

func (w *world) start(b eid.Begin) eid.Transaction {
	w.t.Helper()
	got, err := w.Start(w.t.Context(), b)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) step() {
	w.t.Helper()
	if _, err := w.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(id eid.ID) eid.Transaction {
	w.t.Helper()
	got, err := w.Find(w.t.Context(), id, "browser-1")
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) take(id eid.ID, browser, subject string) (eid.Assertion, error) {
	return db.Write(w.t.Context(), w.d, func(ctx context.Context, tx *db.Tx) (eid.Assertion, error) {
		return w.TakeTx(ctx, tx, id, browser, subject)
	})
}

func want(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Fatalf("error is %v, want %s", err, code)
	}
}

// Vectors of BankID's integration guide.
func TestQRContent(t *testing.T) {
	const token, secret = "67df3917-fa0d-44e5-b327-edcc928297f8", "d28db9a7-4cde-429e-a983-359be676944c"
	for seconds, code := range map[int64]string{
		0:  "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8",
		1:  "949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2",
		2:  "a9e5ec59cb4eee4ef4117150abc58fad7a85439a6a96ccbecc3668b41795b3f3",
		10: "2822ca616ce1e64a1c171df69154ebc5adef4011244c867d6ad88a02db178962",
		30: "814d7fd38e2276625b6815152e3554c663acca689260c092203b48ca4e5c09a3",
	} {
		got := eid.QRContent(token, secret, seconds)
		if !strings.HasPrefix(got, "bankid."+token+".") || !strings.HasSuffix(got, "."+code) {
			t.Errorf("t=%d: %s", seconds, got)
		}
	}
}

func TestSignFromStartToUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		if started.QR(time.Now()) == "" || started.AppLink("https://app.bankid.com/") != "https://app.bankid.com/?autostarttoken="+started.AutoStartToken {
			t.Fatal("a fresh transaction shows a QR code and has a link")
		}
		w.p.Each(func(o *eidtest.Order) { o.Result.Hint = "userSign" })
		w.step()
		if got := w.find(started.ID); got.Hint != "userSign" || got.QR(time.Now()) != "" || got.AppLink("x") != "" {
			t.Fatalf("once the app has the order nothing is shown any more: %+v", got)
		}
		_, err := w.take(started.ID, "browser-1", "line:1@1")
		want(t, err, "eid.not_complete")
		w.p.Approve(asa)
		w.step()
		if got := w.find(started.ID); got.State != eid.StateComplete || got.Message(false) != "eid.complete" {
			t.Fatalf("state %s", got.State)
		}
		a, err := w.take(started.ID, "browser-1", "line:1@1")
		if err != nil || a.PersonalNumber != asa.PersonalNumber || a.Surname != asa.Surname || string(a.Hidden) != `{"line":1}` || a.VisibleText != sign().VisibleText {
			t.Fatalf("%+v, %v", a, err)
		}
		e, err := w.Evidence(t.Context(), a.Evidence)
		if err != nil || string(e.Answer) != `{"test":true}` || e.Transaction != started.ID || e.Asked.VisibleText != sign().VisibleText {
			t.Fatalf("evidence %+v, %v", e, err)
		}
		_, err = w.take(started.ID, "browser-1", "line:1@1")
		want(t, err, "eid.already_used")
	})
}

func TestNothingReadableInTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		w.p.Approve(asa)
		w.step()
		if got := w.find(started.ID).Subject; got != sign().Subject {
			t.Errorf("subject %q", got)
		}
		rows, err := d.SQL().QueryContext(t.Context(), `SELECT request, handles, assertion, browser_hash, subject FROM eid_transaction`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var request, handles, assertion []byte
			var browser, subject string
			if err := rows.Scan(&request, &handles, &assertion, &browser, &subject); err != nil {
				t.Fatal(err)
			}
			all := bytes.Join([][]byte{request, handles, assertion, []byte(browser), []byte(subject)}, nil)
			for _, secret := range []string{asa.PersonalNumber, started.AutoStartToken, started.Nonce, "browser-1", "godkänner", sign().Subject} {
				if bytes.Contains(all, []byte(secret)) {
					t.Errorf("%q is readable", secret)
				}
			}
		}
		if n != 1 || rows.Err() != nil {
			t.Fatal(n, rows.Err())
		}
	})
}

func TestOnlyTheBrowserAndTheSubject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.p.Complete(t, w.Service, sign(), asa)
		_, err := w.Find(t.Context(), id, "browser-2")
		want(t, err, "eid.transaction_unknown")
		_, err = w.Find(t.Context(), db.NewID(), "browser-1")
		want(t, err, "eid.transaction_unknown")
		want(t, w.Cancel(t.Context(), id, "browser-2"), "eid.transaction_unknown")
		_, err = w.take(id, "browser-2", "line:1@1")
		want(t, err, "eid.transaction_unknown")
		_, err = w.take(id, "browser-1", "line:1@2")
		want(t, err, "eid.wrong_subject")
		if _, err = w.take(id, "browser-1", "line:1@1"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTakenOnceByTwentyRacers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.p.Complete(t, w.Service, sign(), asa)
		var won, lost atomic.Int64
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				switch _, err := w.take(id, "browser-1", "line:1@1"); {
				case err == nil:
					won.Add(1)
				case fault.Has(err, "eid.already_used"):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 || lost.Load() != 19 {
			t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
		}
	})
}

// A use case that fails after taking leaves the transaction for another try.
func TestTakenWithTheEffectOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.p.Complete(t, w.Service, sign(), asa)
		refused := fault.New(fault.Conflict, "order.not_yours")
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			if _, err := w.TakeTx(ctx, tx, id, "browser-1", "line:1@1"); err != nil {
				return err
			}
			return refused
		})
		want(t, err, "order.not_yours")
		if _, err := w.take(id, "browser-1", "line:1@1"); err != nil {
			t.Fatal(err)
		}
	})
}

// The node got the final answer and died before it was stored.
func TestLostAnswerIsUnresolved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		w.p.Approve(asa)
		w.p.Each(func(o *eidtest.Order) { o.Collected = true })
		w.step()
		got := w.find(started.ID)
		if got.State != eid.StateUnresolved || got.Message(false) != "eid.answer_lost_sign" || !got.Done() {
			t.Fatalf("%s %s", got.State, got.Hint)
		}
		_, err := w.take(started.ID, "browser-1", "line:1@1")
		want(t, err, "eid.unresolved")
	})
}

func TestUnreachableProviderIsAskedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		w.p.Approve(asa)
		w.p.Each(func(o *eidtest.Order) { o.Err = fault.New(fault.Unavailable, "eid.unreachable") })
		w.step()
		if got := w.find(started.ID); got.State != eid.StatePending {
			t.Fatalf("state %s", got.State)
		}
		w.p.Each(func(o *eidtest.Order) { o.Err = nil })
		w.step()
		if got := w.find(started.ID); got.State != eid.StateComplete {
			t.Fatalf("state %s", got.State)
		}
	})
}

func TestAnswerMustFitTheQuestion(t *testing.T) {
	for hint, change := range map[string]func(*eid.Result){
		eid.HintContentDiffers:   func(r *eid.Result) { r.Assertion.VisibleText += " Och lånet." },
		eid.HintOtherPerson:      func(r *eid.Result) { r.Assertion.PersonalNumber = "198404122380" },
		eid.HintHighRisk:         func(r *eid.Result) { r.Assertion.Risk = "high" },
		eid.HintSignatureInvalid: func(r *eid.Result) { r.Assertion, r.Hint = nil, eid.HintSignatureInvalid },
		"contentDiffers ":        func(r *eid.Result) { r.Assertion.Purpose = eid.Identify },
		"contentDiffers  ":       func(r *eid.Result) { r.Assertion.Hidden = nil },
	} {
		t.Run(hint, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				started := w.start(sign())
				w.p.Approve(asa)
				w.p.Each(func(o *eidtest.Order) { change(&o.Result) })
				w.step()
				if got := w.find(started.ID); got.State != eid.StateFailed || got.Hint != strings.TrimSpace(hint) {
					t.Fatalf("%s %s", got.State, got.Hint)
				}
				_, err := w.take(started.ID, "browser-1", "line:1@1")
				want(t, err, "eid.failed")
				var kept int
				if err := d.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM eid_evidence`).Scan(&kept); err != nil || kept != 1 {
					t.Fatalf("%d answers kept, %v", kept, err)
				}
			})
		})
	}
}

func TestRetryQR(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		last := started
		for n := 1; n <= eid.MaxRestarts; n++ {
			w.p.Fail("startFailed")
			w.step()
			var wait sync.WaitGroup
			for range 3 { // tabs
				wait.Go(func() {
					if _, err := w.RetryQR(t.Context(), started.ID, "browser-1"); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			got := w.find(started.ID)
			if got.State != eid.StatePending || got.Restarts != n || got.AutoStartToken == last.AutoStartToken || got.QR(time.Now()) == "" {
				t.Fatalf("restart %d: %+v", n, got)
			}
			last = got
		}
		w.p.Fail("startFailed")
		w.step()
		_, err := w.RetryQR(t.Context(), started.ID, "browser-1")
		want(t, err, "eid.no_retry")
		other := w.start(sign())
		w.p.Fail("userCancel")
		w.step()
		_, err = w.RetryQR(t.Context(), other.ID, "browser-1")
		want(t, err, "eid.no_retry")
	})
}

func TestCancel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		if err := w.Cancel(t.Context(), started.ID, "browser-1"); err != nil {
			t.Fatal(err)
		}
		if got := w.find(started.ID); got.State != eid.StateFailed || got.Hint != "userCancel" {
			t.Fatalf("%s %s", got.State, got.Hint)
		}
		pending := 0
		w.p.Each(func(*eidtest.Order) { pending++ })
		if pending != 0 {
			t.Fatal("the provider was not told")
		}
		id := w.p.Complete(t, w.Service, sign(), asa)
		if err := w.Cancel(t.Context(), id, "browser-1"); err != nil || w.find(id).State != eid.StateComplete {
			t.Fatalf("cancelling what is over: %v", err)
		}
	})
}

func TestOneNodeCollects(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		other := w.node()
		started := w.start(sign())
		w.step()
		if n, err := other.Step(t.Context()); n != 0 || err != nil {
			t.Fatalf("the other node asked about %d, %v", n, err)
		}
		w.pass(31 * time.Second) // the first node is dead
		w.p.Approve(asa)
		if n, err := other.Step(t.Context()); n != 1 || err != nil {
			t.Fatalf("the other node took over %d, %v", n, err)
		}
		if got := w.find(started.ID); got.State != eid.StateComplete {
			t.Fatalf("state %s", got.State)
		}
	})
}

// A lease in use is renewed, so a slow person doesn't change nodes.
func TestLeaseIsRenewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		other := w.node()
		w.start(sign())
		for range 6 {
			w.step()
			if n, err := other.Step(t.Context()); n != 0 || err != nil {
				t.Fatalf("the other node asked about %d, %v", n, err)
			}
			w.pass(16 * time.Second)
		}
	})
}

func TestRunCollectsUntilStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.SetEvery(5 * time.Millisecond)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		started := w.start(sign())
		w.p.Approve(asa)
		deadline := time.Now().Add(20 * time.Second)
		for w.find(started.ID).State != eid.StateComplete {
			if time.Now().After(deadline) {
				t.Fatal("never collected")
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestOldAnswersAreVoidAndPurged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.p.Complete(t, w.Service, sign(), asa)
		pending := w.start(sign())
		w.pass(11 * time.Minute)
		_, err := w.take(id, "browser-1", "line:1@1")
		want(t, err, "eid.too_old")
		if got := w.find(id); got.State != eid.StateFailed {
			t.Fatalf("a page would say %s", got.State)
		}
		w.pass(5 * time.Minute)
		if err := w.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.find(pending.ID); got.State != eid.StateUnresolved {
			t.Fatalf("state %s", got.State)
		}
		w.pass(24 * time.Hour)
		if err := w.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = w.Find(t.Context(), id, "browser-1")
		want(t, err, "eid.transaction_unknown")
		var kept int
		if err := d.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM eid_evidence`).Scan(&kept); err != nil || kept != 1 {
			t.Fatalf("%d answers kept, %v", kept, err)
		}
	})
}

func TestReturnAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		started := w.start(sign())
		var asked string
		w.p.Each(func(o *eidtest.Order) { asked = o.Request.ReturnURL })
		for _, part := range []string{"https://kortverk.example/a?", "x=1", "nonce=" + started.Nonce, "transaction=" + started.ID.String()} {
			if !strings.Contains(asked, part) {
				t.Errorf("%s lacks %s", asked, part)
			}
		}
		if got, err := w.Returned(t.Context(), started.ID, "browser-1", started.Nonce); err != nil || got.ID != started.ID {
			t.Fatal(err)
		}
		_, err := w.Returned(t.Context(), started.ID, "browser-1", "guess")
		want(t, err, "eid.return_mismatch")
		_, err = w.Returned(t.Context(), started.ID, "browser-2", started.Nonce)
		want(t, err, "eid.transaction_unknown")
		b := sign()
		b.ReturnURL = ""
		_, err = w.Returned(t.Context(), w.start(b).ID, "browser-1", "")
		want(t, err, "eid.return_mismatch")
	})
}

func TestStartErrorsStoreNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.p.StartErr = fault.New(fault.Conflict, "eid.already_in_progress")
		_, err := w.Start(t.Context(), sign())
		want(t, err, "eid.already_in_progress")
		b := sign()
		b.Browser = ""
		_, err = w.Start(t.Context(), b)
		want(t, err, "eid.refused")
		if n, err := w.Step(t.Context()); n != 0 || err != nil {
			t.Fatalf("%d pending, %v", n, err)
		}
	})
}
