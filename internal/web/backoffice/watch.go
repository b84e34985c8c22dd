package backoffice

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

const (
	shownJobs   = 100
	shownEvents = 50
)

type jobsView struct {
	Menu ui.Menu
	Dead []job.DeadJob
	Look job.Backlog
}

// jobs lists what gave up.
func (d Deps) jobs(v *web.Visit) error {
	p, err := db.Read(v.R.Context(), d.DB, func(ctx context.Context, tx *db.Tx) (jobsView, error) {
		var p jobsView
		var err error
		if p.Dead, err = job.Dead(ctx, tx, shownJobs); err != nil {
			return p, err
		}
		p.Look, err = job.Look(ctx, tx)
		return p, err
	})
	if err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atJobs); err != nil {
		return err
	}
	return v.Render(jobsPage(p))
}

// retry has a job tried again.
func (d Deps) retry(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	err = db.Do(v.R.Context(), d.DB, func(ctx context.Context, tx *db.Tx) error {
		if err := job.RetryTx(ctx, tx, id); err != nil {
			return err
		}
		return journal.AppendTx(ctx, tx, journal.Entry{Kind: "job.retried", By: v.Actor, Data: map[string]string{"job": id.String()}})
	})
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.jobs.retried")
	return v.Redirect(atJobs)
}

// jobWords is a kind of job in words, or the kind.
func jobWords(t *i18n.Texts, kind string) string { return words(t, "backoffice.job.", kind) }

// failure is a job's last error in words. Codes of faults are all that is kept.
func failure(t *i18n.Texts, code string) string {
	if key := "backoffice.jobs.error." + strings.ReplaceAll(code, ".", "_"); t.Has(key) {
		return t.T(key)
	}
	return code
}

type eventsView struct {
	Menu ui.Menu
	Rows []eventRow
	Prev string
	Next string
}

// eventRow is one entry of the journal.
type eventRow struct {
	At, What, Why, Who string
	Whom               string // the cardholder that it is about
	About              []ui.Link
}

// events lists the newest entries of the journal, by their position.
func (d Deps) events(v *web.Visit) error {
	before, _ := strconv.ParseInt(v.Query("before"), 10, 64) // what isn't a position is the end
	var records []journal.Positioned
	var newest int64
	_, err := db.Read(v.R.Context(), d.DB, func(ctx context.Context, tx *db.Tx) (struct{}, error) {
		var err error
		if newest, err = journal.Newest(ctx, tx); err != nil {
			return struct{}{}, err
		}
		if before <= 0 || before > newest {
			before = newest + 1
		}
		from := max(0, before-1-shownEvents)
		records, err = journal.Feed(ctx, tx, from, int(before-1-from))
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	var p eventsView
	if before <= newest {
		p.Prev = atEvents
	}
	if len(records) > 0 && records[0].Position > 1 {
		p.Next = atEvents + "?before=" + strconv.FormatInt(records[0].Position, 10)
	}
	slices.Reverse(records)
	if p.Rows, err = d.eventRows(v, records); err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atEvents); err != nil {
		return err
	}
	return v.Render(eventsPage(p))
}

func (d Deps) eventRows(v *web.Visit, records []journal.Positioned) ([]eventRow, error) {
	names, people := map[uuid.UUID]string{}, map[uuid.UUID]string{}
	rows := make([]eventRow, 0, len(records))
	for _, r := range records {
		row := eventRow{At: v.T.DayTime(r.At), What: eventText(v.T, r.Record), Why: eventWhy(v.T, r.Record), Who: eventBy(v.T, r.Record)}
		if r.Company != uuid.Nil {
			if _, ok := names[r.Company]; !ok {
				c, err := d.Companies.ByID(v.R.Context(), r.Company)
				if err != nil {
					return nil, err
				}
				names[r.Company] = c.Name
			}
			row.About = append(row.About, ui.Link{Label: names[r.Company], Href: companyAt(r.Company)})
		}
		if r.Line != uuid.Nil {
			if _, ok := people[r.Line]; !ok {
				l, err := d.Orders.Line(v.R.Context(), v.Actor, r.Line)
				if err != nil && fault.KindOf(err) != fault.NotFound {
					return nil, err
				}
				people[r.Line] = l.Name()
			}
			row.Whom = people[r.Line]
		}
		if r.Batch != uuid.Nil {
			row.About = append(row.About, ui.Link{Label: v.T.T("backoffice.batch"), Href: batchAt(r.Batch)})
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// eventText is an entry in words: those of its capability, our own, or its kind.
func eventText(t *i18n.Texts, r journal.Record) string {
	args := make([]any, 0, 2*len(r.Data)+2)
	for k, v := range r.Data {
		args = append(args, k, v)
	}
	if _, ok := r.Data["batch"]; !ok { // the only fact that sentences mention; older entries may lack it
		args = append(args, "batch", "")
	}
	for _, prefix := range []string{"journal.", "backoffice.event."} {
		if t.Has(prefix + r.Kind) {
			return t.T(prefix+r.Kind, args...)
		}
	}
	return r.Kind
}

// eventBy is who did it.
func eventBy(t *i18n.Texts, r journal.Record) string {
	if r.By.Name != "" && r.By.Role != actor.SystemRole {
		return r.By.Name
	}
	return words(t, "account.role.", string(r.By.Role))
}

// eventWhy is the reason in words. What is neither a known code nor a
// reviewer's message stays where it belongs: on the page of its subject.
func eventWhy(t *i18n.Texts, r journal.Record) string {
	capability, _, _ := strings.Cut(r.Kind, ".")
	switch {
	case r.Kind == "order.review_rejected":
		var out []string
		for _, code := range strings.Split(r.Data["reasons"], ",") {
			if known(code) {
				out = append(out, t.T("order.reason."+code))
			}
		}
		if r.Reason != "" {
			out = append(out, r.Reason)
		}
		return strings.Join(out, ". ")
	case r.Kind == "account.invited", r.Kind == "account.granted", r.Kind == "account.revoked":
		return words(t, "account.role.", r.Data["role"])
	case capability == "company" && t.Has("backoffice.hold."+r.Reason):
		return t.T("backoffice.hold." + r.Reason)
	case capability == "card" && t.Has("card.reason."+r.Reason):
		return t.T("card.reason." + r.Reason)
	case capability == "production" && t.Has("production.reject."+strings.ToLower(r.Reason)):
		return t.T("production.reject." + strings.ToLower(r.Reason))
	}
	return ""
}

// eventIcon fits the capability.
func eventIcon(kind string) string {
	capability, _, _ := strings.Cut(kind, ".")
	switch {
	case kind == "order.review_passed" || kind == "order.approved":
		return "circle-check"
	case kind == "order.review_rejected" || kind == "production.failed":
		return "triangle-alert"
	case kind == "order.review_undone":
		return "undo-2"
	case capability == "production":
		return "printer"
	case capability == "card":
		return "id-card"
	default:
		return "history"
	}
}
