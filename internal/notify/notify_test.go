package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

// post is a Sender that notes what it gets and answers what it is told.
type post struct {
	mu      sync.Mutex
	got     []Message
	answers []error // for the next ones; then nil
	during  func()  // while a mail is under way
}

func (p *post) Send(_ context.Context, m Message) error {
	if p.during != nil {
		p.during()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, m)
	if len(p.answers) == 0 {
		return nil
	}
	err := p.answers[0]
	p.answers = p.answers[1:]
	return err
}

var (
	refused  = fault.New(fault.Invalid, "notify.refused", "reply", "550 5.1.1 no such mailbox")
	notNow   = fault.New(fault.Unavailable, "notify.unreachable", "reply", "451 try later")
	errOther = errors.New("cable cut")
)

// world is a database with a post office.
type world struct {
	t    *testing.T
	d    *db.DB
	k    *seal.Keeper
	post *post
	run  *job.Runner
	svc  *Service
}

func newWorld(t *testing.T, d *db.DB, answers ...error) *world {
	w := &world{t: t, d: d, k: sealtest.NewTest(t), post: &post{answers: answers}}
	svc, err := New(d, w.k, w.post, testConfig, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w.svc, w.run = svc, job.NewRunner(d, slog.New(slog.DiscardHandler))
	svc.Register(w.run)
	return w
}

func (w *world) do(fn func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := db.Do(w.t.Context(), w.d, fn); err != nil {
		w.t.Fatal(err)
	}
}

// order enqueues an approval mail about line.
func (w *world) order(line uuid.UUID, change func(m *Mail)) {
	w.t.Helper()
	m := sample(OrderAwaitingCardholder, "", i18n.Swedish, true)
	m.Line = line
	if change != nil {
		change(&m)
	}
	w.do(func(ctx context.Context, tx *db.Tx) error { return EnqueueTx(ctx, tx, w.k, m) })
}

// drain runs what is due, then what becomes due within the next minutes.
func (w *world) drain(rounds int) {
	w.t.Helper()
	for range rounds {
		_ = w.run.Drain(w.t.Context()) // a failed mail is a failed job: looked at in the rows
		if err := w.d.Clock().Advance(time.Minute); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) deliveries(line uuid.UUID) []Delivery {
	w.t.Helper()
	list, err := db.Read(w.t.Context(), w.d, func(ctx context.Context, tx *db.Tx) ([]Delivery, error) { return OfLine(ctx, tx, w.k, line) })
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) delivery(line uuid.UUID) Delivery {
	w.t.Helper()
	list := w.deliveries(line)
	if len(list) != 1 {
		w.t.Fatalf("%d deliveries, want 1", len(list))
	}
	return list[0]
}

// kept counts mails whose data is still there.
func (w *world) kept() int64 {
	w.t.Helper()
	n, err := db.Read(w.t.Context(), w.d, func(_ context.Context, tx *db.Tx) (int64, error) {
		return db.Value[int64](tx, `SELECT count(*) FROM mail WHERE data_sealed IS NOT NULL`)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestMailIsSentOnceAndItsDataForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d), db.NewID()
		w.order(line, nil)
		if got := w.delivery(line); got.State != Waiting || got.To != "piotr@furuborg.example" || got.At.IsZero() {
			t.Errorf("before sending: %+v", got)
		}
		w.drain(3)
		if len(w.post.got) != 1 {
			t.Fatalf("sent %d times", len(w.post.got))
		}
		m := w.post.got[0]
		if m.To != "piotr@furuborg.example" || m.ToName != "Piotr Wiśniewski" || m.From != testConfig.From || m.Lang != i18n.Swedish ||
			!strings.Contains(m.Text, "https://kort.example/a/Zm9vYmFyYmF6") {
			t.Errorf("message %+v", m)
		}
		got := w.delivery(line)
		if got.State != Sent || got.Attempts != 1 || got.Template != OrderAwaitingCardholder {
			t.Errorf("after sending: %+v", got)
		}
		if n := w.kept(); n != 0 {
			t.Errorf("%d mails keep their data", n)
		}
	})
}

func TestMailIsNotSentWhenTheChangeIsUndone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			if err := EnqueueTx(ctx, tx, w.k, sample(OrderReminder, "", i18n.Swedish, true)); err != nil {
				return err
			}
			return errOther
		})
		if !errors.Is(err, errOther) {
			t.Fatal(err)
		}
		w.drain(2)
		if len(w.post.got) != 0 {
			t.Error("a mail about nothing was sent")
		}
	})
}

func TestAddressAndLinkAreSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.order(db.NewID(), nil)
		rows, err := d.SQL().QueryContext(t.Context(), `SELECT * FROM mail`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for rows.Next() {
			found++
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new([]byte)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				for _, secret := range []string{"piotr@", "Wiśniewski", "/a/Zm9v", "Furuborg"} {
					if strings.Contains(string(*v.(*[]byte)), secret) {
						t.Errorf("column %s holds %q", columns[i], secret)
					}
				}
			}
		}
		if found != 1 {
			t.Errorf("%d rows", found)
		}
	})
}

func TestRefusedAddressEndsTheMailAndIsShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d, refused), db.NewID()
		w.order(line, nil)
		w.drain(5)
		if len(w.post.got) != 1 {
			t.Errorf("tried %d times", len(w.post.got))
		}
		got := w.delivery(line)
		if got.State != Refused || got.Reply != "550 5.1.1 no such mailbox" || got.To != "piotr@furuborg.example" {
			t.Errorf("%+v", got)
		}
		dead, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]job.DeadJob, error) { return job.Dead(ctx, tx, 10) })
		if err != nil || len(dead) != 0 {
			t.Errorf("a refused address is news for people, not a dead job: %v %v", dead, err)
		}
	})
}

func TestRefusedMailGoesToTheCorrectedAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d, refused), db.NewID()
		w.order(line, nil)
		w.drain(1)
		old := w.delivery(line)
		resend := func() (ID, error) {
			return db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (ID, error) {
				return ResendTx(ctx, tx, w.k, actor.System("test"), old.ID, "piotr.w@furuborg.example")
			})
		}
		again, err := resend()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resend(); fault.KindOf(err) != fault.Conflict {
			t.Errorf("second resend: %v", err)
		}
		w.drain(1)
		list := w.deliveries(line)
		if len(list) != 2 || list[0].Resent != again || list[1].ID != again || list[1].State != Sent || list[1].To != "piotr.w@furuborg.example" {
			t.Errorf("%+v", list)
		}
		if last := w.post.got[len(w.post.got)-1]; last.To != "piotr.w@furuborg.example" || !strings.Contains(last.Text, "/a/Zm9vYmFyYmF6") {
			t.Errorf("%+v", last)
		}
		if n := w.kept(); n != 0 {
			t.Errorf("%d mails keep their data", n)
		}
	})
}

func TestSentMailIsNotResent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d), db.NewID()
		w.order(line, nil)
		w.drain(1)
		for id, code := range map[ID]string{w.delivery(line).ID: "notify.not_refused", db.NewID(): "notify.mail_unknown"} {
			_, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (ID, error) {
				return ResendTx(ctx, tx, w.k, actor.System("test"), id, "x@y.example")
			})
			if !fault.Has(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
	})
}

func TestRefusedMailIsForgottenInTheEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d, refused), db.NewID()
		w.order(line, nil)
		w.drain(1)
		if err := w.svc.forget(t.Context()); err != nil || w.kept() != 1 {
			t.Errorf("kept %d, %v; a fresh refusal keeps its data", w.kept(), err)
		}
		if err := d.Clock().Advance(Keep); err != nil {
			t.Fatal(err)
		}
		if err := w.svc.forget(t.Context()); err != nil || w.kept() != 0 {
			t.Errorf("kept %d, %v", w.kept(), err)
		}
		id := w.delivery(line).ID
		_, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (ID, error) {
			return ResendTx(ctx, tx, w.k, actor.System("test"), id, "x@y.example")
		})
		if !fault.Has(err, "notify.forgotten") {
			t.Errorf("sent again: %v", err)
		}
	})
}

func TestUnreachableServerIsTriedAgainWithTheSameMessageID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d, notNow, errOther), db.NewID()
		w.order(line, nil)
		_ = w.run.Drain(t.Context())
		if got := w.delivery(line); got.State != Waiting || got.Reply != "451 try later" || got.Attempts != 1 {
			t.Errorf("after the first attempt: %+v", got)
		}
		w.drain(5)
		if len(w.post.got) != 3 {
			t.Fatalf("tried %d times, want 3", len(w.post.got))
		}
		id := w.post.got[0].MessageID
		if !strings.HasSuffix(id, "@kort.example") || w.post.got[1].MessageID != id || w.post.got[2].MessageID != id {
			t.Errorf("Message-IDs %q %q %q", id, w.post.got[1].MessageID, w.post.got[2].MessageID)
		}
		if got := w.delivery(line); got.State != Sent || got.Attempts != 3 {
			t.Errorf("%+v", got)
		}
	})
}

func TestWaitingMailCanBeTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d), db.NewID()
		later := func(m *Mail) { m.Delay, m.Key = 30*time.Second, "review:"+line.String() }
		cancel := func(want bool) {
			t.Helper()
			w.do(func(ctx context.Context, tx *db.Tx) error {
				done, err := CancelTx(ctx, tx, "review:"+line.String())
				if done != want {
					t.Errorf("cancelled %v, want %v", done, want)
				}
				return err
			})
		}
		w.order(line, later)
		_ = w.run.Drain(t.Context())
		if len(w.post.got) != 0 {
			t.Fatal("sent before its time")
		}
		cancel(true)
		cancel(false)
		w.drain(2)
		if got := w.delivery(line); len(w.post.got) != 0 || got.State != Cancelled {
			t.Errorf("sent %d, %+v", len(w.post.got), got)
		}
		if n := w.kept(); n != 0 {
			t.Error("a cancelled mail keeps its data")
		}
		w.order(line, later)
		w.drain(2)
		if len(w.post.got) != 1 {
			t.Fatalf("sent %d times, want once after the delay", len(w.post.got))
		}
		cancel(false)
	})
}

// While the mail is under way, taking it back must say no.
func TestMailUnderWayCannotBeTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line := newWorld(t, d), db.NewID()
		w.post.during = func() {
			w.do(func(ctx context.Context, tx *db.Tx) error {
				if done, err := CancelTx(ctx, tx, "k"); done || err != nil {
					t.Errorf("cancelled %v, %v while it was sent", done, err)
				}
				return nil
			})
		}
		w.order(line, func(m *Mail) { m.Key = "k" })
		w.drain(1)
		if got := w.delivery(line); got.State != Sent {
			t.Errorf("%+v", got)
		}
	})
}

// However the race ends, a mail is either cancelled and not sent, or sent and
// not cancelled.
func TestCancelAndSendNeverBothWin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for range 20 {
			line := db.NewID()
			w.order(line, func(m *Mail) { m.Key = line.String() })
			before := len(w.post.got)
			var cancelled bool
			var wg sync.WaitGroup
			wg.Go(func() { _ = w.run.Drain(t.Context()) })
			wg.Go(func() {
				w.do(func(ctx context.Context, tx *db.Tx) (err error) {
					cancelled, err = CancelTx(ctx, tx, line.String())
					return err
				})
			})
			wg.Wait()
			if sent := len(w.post.got) > before; sent == cancelled {
				t.Fatalf("sent %v and cancelled %v", sent, cancelled)
			}
		}
	})
}

func TestMailsAreFoundByWhatTheyAreAbout(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, line, order, card := newWorld(t, d), db.NewID(), db.NewID(), db.NewID()
		w.order(line, func(m *Mail) { m.Order, m.Card = order, card })
		w.order(db.NewID(), func(m *Mail) { m.Order = order })
		counts := map[string]int{}
		w.do(func(ctx context.Context, tx *db.Tx) error {
			for name, of := range map[string]func() ([]Delivery, error){
				"line":  func() ([]Delivery, error) { return OfLine(ctx, tx, w.k, line) },
				"order": func() ([]Delivery, error) { return OfOrder(ctx, tx, w.k, order) },
				"card":  func() ([]Delivery, error) { return OfCard(ctx, tx, w.k, card) },
			} {
				list, err := of()
				if err != nil {
					return err
				}
				counts[name] = len(list)
			}
			return nil
		})
		if counts["line"] != 1 || counts["order"] != 2 || counts["card"] != 1 {
			t.Errorf("%v", counts)
		}
	})
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"sender": {From: "kort", BaseURL: "https://kort.example", SchemeName: "K"},
		"base":   {From: "a@b.example", BaseURL: "kort.example", SchemeName: "K"},
		"name":   {From: "a@b.example", BaseURL: "https://kort.example"},
	} {
		if _, err := New(nil, nil, nil, c, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
