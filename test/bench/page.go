package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func newReport(folder string) *report {
	r := &report{Command: "make bench", Date: time.Now().Format(time.DateOnly), Facts: map[string]string{}, file: filepath.Join(folder, "result.json")}
	model := "unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(data); m != nil {
			model = string(m[1])
		}
	}
	memory := ""
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		if m := regexp.MustCompile(`MemTotal:\s+(\d+) kB`).FindSubmatch(data); m != nil {
			memory = fmt.Sprintf(", %s kB of memory", m[1])
		}
	}
	kernel, _ := exec.Command("uname", "-sr").Output()
	version, _ := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	r.Machine = []string{
		fmt.Sprintf("%d × %s%s, %s", runtime.NumCPU(), model, memory, strings.TrimSpace(string(kernel))),
		runtime.Version() + ", program of commit " + strings.TrimSpace(string(version)),
	}
	return r
}

const beginTable, endTable = "<!-- begin of what make bench writes -->", "<!-- end of what make bench writes -->"

// write puts the table into the page, between its marks.
func (r *report) write(page string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), beginTable)
	_, after, ok2 := strings.Cut(rest, endTable)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table", page)
	}
	return os.WriteFile(page, []byte(before+beginTable+"\n"+r.table()+endTable+after), 0o644)
}

func (r *report) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "`%s`, %s, on %s. ", r.Command, r.Date, strings.Join(r.Machine, "; "))
	for _, k := range []string{"set sqlite", "set postgres"} {
		if f := r.Facts[k]; f != "" {
			fmt.Fprintf(&b, "%s: %s. ", strings.TrimPrefix(k, "set "), f)
		}
	}
	fmt.Fprintf(&b, "Measured in %s.\n", r.Facts["took"])
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "\n### %s\n\n| row | value | unit | rounds | ratio | goal | |\n|---|---:|---|---|---:|---|---|\n", s.Title)
		for _, row := range s.Rows {
			than := ""
			if row.Than != "" {
				than = " × " + row.Than
			}
			verdict := row.Verdict
			if verdict == "short" {
				verdict = "**short**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s%s | %s | %s |\n", row.Name, figure(row.Value), row.Unit, orDash(row.Spread), ratio(row.Ratio), than, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(orDash(row.Goal)), orDash(verdict))
		}
	}
	return b.String()
}
