package backoffice

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// The places of the rail.
const (
	atReview    = "/office/review"
	atCompanies = "/office/companies"
	atBatches   = "/office/batches"
	atStaff     = "/office/staff"
	atJobs      = "/office/jobs"
	atEvents    = "/office/events"
	atRestored  = "/office/restored"
	atReaders   = "/office/readers"
)

// shownNotices is how many failed cards or notices a page lists.
const shownNotices = 200

// place is a part of the office, and how many things wait there.
type place struct {
	href, key, icon string
	right           web.Right
	count           func(Deps, *web.Visit) (int, error) // nil: nothing waits there
	rare            bool                                // named while something waits there
}

func places() []place {
	return []place{
		{atReview, "backoffice.nav.review", "scan-eye", reviewers, Deps.toReview, false},
		{atCompanies, "backoffice.nav.companies", "building-2", officers, nil, false},
		{atBatches, "backoffice.nav.batches", "printer", floor, Deps.toDecide, false},
		{atStaff, "backoffice.nav.staff", "users-round", officers, nil, false},
		{atReaders, "backoffice.nav.readers", "scan-line", officers, nil, false},
		{atJobs, "backoffice.nav.jobs", "refresh-cw", officers, Deps.deadJobs, false},
		{atEvents, "backoffice.nav.events", "list-tree", officers, nil, false},
		{atRestored, "backoffice.nav.restored", "history", officers, Deps.toConfirm, true},
	}
}

// rail is the menu: the parts that the person may work, with what waits there.
func (d Deps) rail(v *web.Visit, here string) (ui.Menu, error) {
	m := ui.Menu{Home: "/office", Name: v.T.T("backoffice.nav")}
	for _, p := range places() {
		if p.right.Allows(v.Session, uuid.Nil) != web.Yes {
			continue
		}
		l := ui.Link{Label: v.T.T(p.key), Href: p.href, Icon: p.icon, Current: p.href == here}
		if p.count != nil {
			n, err := p.count(d, v)
			if err != nil {
				return m, err
			}
			if n == 0 && p.rare && !l.Current {
				continue
			}
			if n > 0 {
				l.Count = v.T.CountCapped(n)
			}
		}
		m.Items = append(m.Items, l)
	}
	return m, nil
}

func (d Deps) toReview(v *web.Visit) (int, error) {
	p, err := d.Orders.Queue(v.R.Context(), as(v, actor.Reviewer), "", 1)
	return p.Total, err
}

func (d Deps) toDecide(v *web.Visit) (int, error) {
	role := actor.Officer
	if v.Session.May(actor.Production, uuid.Nil) {
		role = actor.Production
	}
	by := as(v, role)
	failed, err := d.Production.Waiting(v.R.Context(), by)
	if err != nil {
		return 0, err
	}
	notices, err := d.Production.Notices(v.R.Context(), by, shownNotices)
	return len(failed) + len(notices), err
}

func (d Deps) deadJobs(v *web.Visit) (int, error) {
	b, err := db.Read(v.R.Context(), d.DB, func(ctx context.Context, tx *db.Tx) (job.Backlog, error) { return job.Look(ctx, tx) })
	return int(b.Dead), err
}

// as is the person in another of the own roles: the rail counts queues that the
// page's own right says nothing about.
func as(v *web.Visit, role actor.Role) actor.Actor {
	a := v.Session.Actor(role, uuid.Nil)
	a.IP = v.IP
	return a
}

// first leads to the first part of the office that the person may work.
func (d Deps) first(v *web.Visit) error {
	for _, p := range places() {
		if p.right.Allows(v.Session, uuid.Nil) == web.Yes {
			return v.Redirect(p.href)
		}
	}
	m, err := d.rail(v, "")
	if err != nil {
		return err
	}
	return v.Render(nothingPage(m))
}

// revision is the one that the page showed; a form without it fits no revision.
func revision(v *web.Visit) int64 {
	n, err := strconv.ParseInt(v.Text("revision"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// lasted is a length of time in words: "1 tim 12 min".
func lasted(t *i18n.Texts, d time.Duration) string {
	minutes := max(0, int(d/time.Minute))
	switch {
	case minutes < 60:
		return t.T("backoffice.lasted.minutes", "n", minutes)
	case minutes < 24*60:
		return t.T("backoffice.lasted.hours", "hours", minutes/60, "minutes", minutes%60)
	default:
		return t.T("backoffice.lasted.days", "n", minutes/(24*60))
	}
}

// words is the text of the key with the code behind it, or the code itself: the
// other side may know codes that we don't.
func words(t *i18n.Texts, prefix, code string) string {
	if t.Has(prefix + code) {
		return t.T(prefix + code)
	}
	return code
}

// sentence is what an error says to a person.
func sentence(t *i18n.Texts, err error) string {
	f, ok := fault.As(err)
	if !ok {
		return t.T("error.unknown")
	}
	return t.Error(f)
}
