package app

import (
	"context"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/job"
)

// backlog asks the database at most once in five seconds, however many gauges
// and scrapers ask.
type backlog struct {
	db *db.DB
	mu sync.Mutex
	at time.Time
	is job.Backlog
	ok float64
}

func (b *backlog) read() (job.Backlog, float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) < 5*time.Second {
		return b.is, b.ok
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	is, err := db.Read(ctx, b.db, job.Look)
	b.at, b.is, b.ok = time.Now(), is, 1
	if err != nil {
		b.ok = 0
	}
	return b.is, b.ok
}

// watch registers the gauges; docs/operations says what each means.
func (a *App) watch() {
	b := &backlog{db: a.db}
	a.metrics.gauge("kortverk_database_up", "1 when the database answers, else 0.",
		func() float64 { _, ok := b.read(); return ok })
	a.metrics.gauge("kortverk_jobs_due", "Jobs whose time has come and that nobody has taken.",
		func() float64 { is, _ := b.read(); return float64(is.Due) })
	a.metrics.gauge("kortverk_jobs_oldest_seconds", "How long the oldest due job has waited.",
		func() float64 { is, _ := b.read(); return is.Oldest.Seconds() })
	a.metrics.gauge("kortverk_jobs_dead", "Jobs that gave up and wait for somebody to look.",
		func() float64 { is, _ := b.read(); return float64(is.Dead) })
	a.watchLoad()
}
