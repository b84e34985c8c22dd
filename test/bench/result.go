package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// result is one row: a figure, and what it is held against.
type result struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Spread  string  `json:"spread,omitempty"`  // least and most of the rounds
	Ratio   float64 `json:"ratio,omitempty"`   // to the baseline, in the same rounds
	Than    string  `json:"than,omitempty"`    // the baseline
	Goal    string  `json:"goal,omitempty"`    // ">= 0.45"; empty: a figure to know
	Verdict string  `json:"verdict,omitempty"` // met or short
	Note    string  `json:"note,omitempty"`
}

// judged compares a figure with the goal.
func (r result) judged(goal string, figure float64) result {
	r.Goal, r.Verdict = goal, "short"
	sign, number, _ := strings.Cut(goal, " ")
	limit, err := strconv.ParseFloat(strings.Fields(number)[0], 64)
	if err != nil {
		panic(err) // a goal is written in this package
	}
	if sign == ">=" && figure >= limit || sign == "<=" && figure <= limit || sign == "<" && figure < limit {
		r.Verdict = "met"
	}
	return r
}

// byRatio holds the ratio against the goal.
func (r result) byRatio(goal string) result { return r.judged(goal, r.Ratio) }

// byValue holds the value against the goal.
func (r result) byValue(goal string) result { return r.judged(goal, r.Value) }

// line is the row as it is printed: name, value, unit, ratio, goal, verdict.
func (r result) line() string {
	return fmt.Sprintf("%-52s %10s %-8s %6s  %-10s %-6s %s", r.Name, figure(r.Value), r.Unit, ratio(r.Ratio), orDash(r.Goal), orDash(r.Verdict), r.Spread)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func ratio(v float64) string {
	if v == 0 {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// figure writes three places that mean something.
func figure(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// report collects rows as they come, prints them, and keeps them in a file: a run that is cut short has told what it knows.
type report struct {
	Command  string            `json:"command"`
	Machine  []string          `json:"machine"`
	Date     string            `json:"date"`
	Sections []section         `json:"sections"`
	Facts    map[string]string `json:"facts"`
	file     string
}

type section struct {
	Title string   `json:"title"`
	Rows  []result `json:"rows"`
}

func (r *report) section(title string) {
	r.Sections = append(r.Sections, section{Title: title})
	fmt.Printf("\n# %s\n", title)
}

func (r *report) add(rows ...result) {
	s := &r.Sections[len(r.Sections)-1]
	for _, row := range rows {
		s.Rows = append(s.Rows, row)
		fmt.Println(row.line())
	}
	r.save()
}

func (r *report) save() {
	data, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(r.file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(r.file, data, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the result can't be kept:", err)
	}
}

func (r *report) short() (names []string) {
	for _, s := range r.Sections {
		for _, row := range s.Rows {
			if row.Verdict == "short" {
				names = append(names, row.Name)
			}
		}
	}
	return names
}

// series are the figures of one variant, a round each.
type series []float64

func (s series) median() float64 { return s.quantile(0.5) }

func (s series) quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (s series) spread() string {
	if len(s) == 0 {
		return ""
	}
	return figure(slices.Min(s)) + "–" + figure(slices.Max(s))
}

// over is the median of the rounds' own ratios: what disturbs a round disturbs both.
func (s series) over(base series) float64 {
	var all series
	for i := range min(len(s), len(base)) {
		if base[i] > 0 {
			all = append(all, s[i]/base[i])
		}
	}
	return all.median()
}
