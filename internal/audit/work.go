package audit

import (
	"encoding/json"

	"github.com/kortverk/kortverk/internal/db"
)

// jobKinds are the jobs about one thing: the member of their arguments that names it, and its table.
var jobKinds = map[string]struct{ member, table string }{
	"notify.send":        {"mail", "mail"},
	"production.deliver": {"batch", "batch"},
	"order.approved":     {"line", "order_line"},
}

// work holds jobs against what they are about, and the other way round: what waits must have somebody who does it. A
// dead job counts, since it stands in the back office for somebody to decide.
func (a *audit) work() error {
	type job struct{ id, kind, args string }
	open := map[string]map[string]string{} // kind → subject → job
	after := ""
	for {
		page, err := db.Rows(a.tx, func(r db.Row) (j job, err error) { err = r.Scan(&j.id, &j.kind, &j.args); return j, err },
			`SELECT id, kind, args FROM job WHERE state <> 'done' AND id > $1 ORDER BY id LIMIT $2`, after, pageSize)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, j := range page {
			about, known := jobKinds[j.kind]
			if !known {
				continue // periodic work, and kinds of later versions
			}
			var args map[string]any
			subject := ""
			if json.Unmarshal([]byte(j.args), &args) == nil {
				subject, _ = args[about.member].(string)
			}
			exists, err := db.Value[int64](a.tx, `SELECT count(*) FROM `+about.table+` WHERE id = $1`, subject)
			if err != nil {
				return err
			}
			if exists == 0 {
				a.find("job.subject", j.id, jobTable, "the %s '%s' that it is to work on doesn't exist", about.member, subject)
			}
			if open[j.kind] == nil {
				open[j.kind] = map[string]string{}
			}
			open[j.kind][subject] = j.id
		}
		after = page[len(page)-1].id
	}
	return a.idle(open)
}

// idle finds what waits for a job that isn't there.
func (a *audit) idle(open map[string]map[string]string) error {
	for _, r := range []struct {
		job string
		rule
	}{
		{"notify.send", rule{"mail.nobody_sends", mailTable, "it is %s, and no job will send it", `SELECT id, state FROM mail WHERE state IN ('waiting', 'sending')`}},
		{"production.deliver", rule{"batch.nobody_delivers", makePage, "it is %s, and no job will deliver it", `SELECT id, state FROM batch WHERE state = 'closed'`}},
		{"order.approved", rule{"line.nobody_makes", linePage, "it is %s, and neither a job nor a notice in production is about it", `SELECT l.id, l.state FROM order_line l
			WHERE l.state = 'approved' AND NOT EXISTS (SELECT 1 FROM production_notice n WHERE n.line_id = l.id AND n.settled_at IS NULL)`}},
	} {
		found, err := db.Rows(a.tx, scanPair, r.query)
		if err != nil {
			return err
		}
		for _, p := range found {
			if open[r.job][p.subject] == "" {
				a.find(r.code, p.subject, r.where, r.what, p.detail)
			}
		}
	}
	return nil
}
