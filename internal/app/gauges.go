package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"math"
	"os"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/production"
)

// standing is what the database knows about how things go.
type standing struct {
	job.Backlog
	lag     time.Duration // of the journal
	unsent  time.Duration // the oldest batch that the bureau hasn't accepted
	doubted int64         // restored cards that wait to be confirmed
}

// watcher asks the database at most once in five seconds, however many gauges
// and scrapers ask.
type watcher struct {
	db *db.DB
	mu sync.Mutex
	at time.Time
	is standing
	up float64
}

func (w *watcher) read() (standing, float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) < 5*time.Second {
		return w.is, w.up
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	w.at, w.up = time.Now(), 0
	if w.db.Ping(db.Reserve(ctx)) == nil {
		w.up = 1
	}
	if is, err := db.Read(ctx, w.db, look); err == nil {
		w.is = is
	}
	return w.is, w.up
}

func look(ctx context.Context, tx *db.Tx) (s standing, err error) {
	if s.Backlog, err = job.Look(ctx, tx); err != nil {
		return s, err
	}
	if s.lag, err = journal.Lag(ctx, tx); err != nil {
		return s, err
	}
	if s.unsent, err = production.UnsentFor(ctx, tx); err != nil {
		return s, err
	}
	s.doubted, err = card.DoubtedUpToTx(tx, 100_000)
	return s, err
}

// watch registers the gauges; docs/operations says what each means.
func (a *App) watch() {
	w := &watcher{db: a.db}
	of := func(name, help string, read func(standing) float64) {
		a.metrics.gauge(name, help, func() float64 { is, _ := w.read(); return read(is) })
	}
	a.metrics.gauge("kortverk_database_up", "1 when the database answers, else 0.", func() float64 { _, up := w.read(); return up })
	of("kortverk_jobs_due", "Jobs whose time has come and that nobody has taken.", func(s standing) float64 { return float64(s.Due) })
	of("kortverk_jobs_oldest_seconds", "How long the oldest due job has waited.", func(s standing) float64 { return s.Oldest.Seconds() })
	of("kortverk_jobs_dead", "Jobs that gave up and wait for somebody to look.", func(s standing) float64 { return float64(s.Dead) })
	of("kortverk_journal_lag_seconds", "How long the oldest journal entry has waited for its position.", func(s standing) float64 { return s.lag.Seconds() })
	of("kortverk_batch_unsent_seconds", "How long the oldest closed batch has waited for the bureau to accept it.", func(s standing) float64 { return s.unsent.Seconds() })
	of("kortverk_cards_doubted", "Restored cards that answer unknown until an officer confirms them.", func(s standing) float64 { return float64(s.doubted) })
	a.metrics.gauge("kortverk_bankid_certificate_days", "Days until the client certificate for BankID runs out.", a.certificateDays())
	a.watchLoad()
}

// certificateDays reads the certificate once: a new file counts from the next start, as everywhere.
func (a *App) certificateDays() func() float64 {
	data, err := os.ReadFile(a.cfg.BankIDCert)
	block, _ := pem.Decode(data)
	if err != nil || block == nil {
		return func() float64 { return 0 }
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return func() float64 { return 0 }
	}
	return func() float64 { return math.Floor(time.Until(cert.NotAfter).Hours() / 24) }
}
