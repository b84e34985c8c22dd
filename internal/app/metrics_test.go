package app

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// The page for operators names every metric that there is, and alarms are about
// metrics and routes that there are.
func TestMetricsAreNamedAndAlarmsAreAboutThem(t *testing.T) {
	s := newScene(t, dbtest.SQLite)
	s.ask(t, "", "GET /healthz", nil)
	s.ask(t, "", "GET /reader/v1/cards/{number}", map[string]string{"number": s.number})
	families, err := s.app.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	routes := ""
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "kortverk_") {
			names = append(names, f.GetName())
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "route" {
					routes += l.GetValue() + "\n"
				}
			}
		}
	}
	page, alarms := read(t, "../../docs/operations/watching.md"), read(t, "../../deploy/alerts.yml")
	for _, n := range names {
		if !strings.Contains(page, "`"+n+"`") && !strings.Contains(page, "`"+n+"{") {
			t.Errorf("docs/operations/watching.md doesn't name %s", n)
		}
	}
	for _, m := range regexp.MustCompile(`kortverk_\w+`).FindAllString(alarms, -1) {
		m = strings.TrimSuffix(strings.TrimSuffix(m, "_count"), "_bucket")
		if !slices.Contains(names, m) {
			t.Errorf("deploy/alerts.yml is about %s, and there is no such metric", m)
		}
	}
	known := map[string]bool{}
	for _, r := range s.app.engine.Routes() {
		_, path, _ := strings.Cut(r.Pattern, " ")
		known[path] = true
	}
	for _, m := range regexp.MustCompile(`route="([^"]+)"`).FindAllStringSubmatch(alarms, -1) {
		if !known[m[1]] && !strings.Contains(routes, m[1]+"\n") {
			t.Errorf("deploy/alerts.yml is about the route %s, and there is no such route:\n%s", m[1], routes)
		}
	}
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(alarms, -1) {
		if !strings.Contains(page, "`"+m[1]+"`") {
			t.Errorf("docs/operations/watching.md doesn't name the alarm %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`runbook: "(\d+)"`).FindAllStringSubmatch(alarms, -1) {
		if !strings.Contains(read(t, "../../docs/operations/runbook.md"), "\n## "+m[1]+". ") {
			t.Errorf("the runbook has no part %s", m[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
