package ui_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/ui"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	ctx := ui.With(context.Background(), ui.Frame{Texts: i18n.For("sv"), Brand: ui.Brand{Name: "Kortverk"}})
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEveryStateHasIconWordAndTone(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range ui.States() {
		if s.Icon() == "circle-help" {
			t.Errorf("%s has no icon", s)
		}
		for _, l := range i18n.Languages() {
			texts := i18n.For(l.Lang)
			if !texts.Has("ui.state." + string(s)) {
				t.Errorf("%s has no word in %s", s, l.Lang)
				continue
			}
			word := string(l.Lang) + texts.T("ui.state."+string(s))
			if seen[word] {
				t.Errorf("%s: the word %q stands for two states", s, word)
			}
			seen[word] = true
		}
		tag := render(t, ui.StatusTag(s))
		for _, want := range []string{"t-" + string(s.Tone()), "<svg", i18n.For("sv").T("ui.state." + string(s)), `aria-hidden="true"`} {
			if !strings.Contains(tag, want) {
				t.Errorf("%s: %q not in %s", s, want, tag)
			}
		}
	}
	if tone := ui.State("nobody knows").Tone(); tone != ui.Off {
		t.Errorf("an unknown state is shown as %s", tone)
	}
}

func TestFormTellsWhatIsAboutItFromWhatIsNot(t *testing.T) {
	several := fault.Errors{fault.New(fault.Invalid, "web.bad_form").On("a"), fault.New(fault.Invalid, "web.bad_form").On("b")}
	for _, c := range []struct {
		name  string
		err   error
		about bool
		n     int
	}{
		{"nothing", nil, false, 0},
		{"several", several, true, 2},
		{"one", fault.New(fault.Invalid, "web.bad_form").On("a"), true, 1},
		{"conflict", fault.New(fault.Conflict, "order.changed"), false, 0},
		{"other", errors.New("disk is full"), false, 0},
		{"empty list", fault.Errors{}, false, 0},
	} {
		f, about := ui.Form{}.With(c.err)
		if about != c.about || len(f.Errors) != c.n || f.Failed() != (c.n > 0) {
			t.Errorf("%s: %v with %d errors, want %v with %d", c.name, about, len(f.Errors), c.about, c.n)
		}
	}
}

func TestFieldKeepsWhatWasTypedAndSaysWhatIsWrong(t *testing.T) {
	x := ui.Field{Name: "number", Label: "Personnummer", Hint: "12 siffror", Value: "own value", Optional: true}
	fresh := render(t, ui.Input(ui.Form{}, x))
	for _, want := range []string{`value="own value"`, `for="number"`, `id="number"`, `aria-describedby="number-h"`, "(frivilligt)", `autocomplete="off"`} {
		if !strings.Contains(fresh, want) {
			t.Errorf("%q not in %s", want, fresh)
		}
	}
	if strings.Contains(fresh, "aria-invalid") {
		t.Error("a field is wrong before anything was typed")
	}
	f := ui.Form{Values: map[string][]string{"number": {`19900203"238`}}, Errors: fault.Errors{fault.New(fault.Invalid, "web.bad_form").On("number")}}
	wrong := render(t, ui.Input(f, x))
	for _, want := range []string{`value="19900203&#34;238"`, `aria-invalid="true"`, `aria-describedby="number-h number-e"`, `id="number-e"`, "Formuläret gick inte att läsa"} {
		if !strings.Contains(wrong, want) {
			t.Errorf("%q not in %s", want, wrong)
		}
	}
	summary := render(t, ui.ErrorSummary(f))
	if !strings.Contains(summary, `href="#number"`) || !strings.Contains(summary, "Det finns en sak att rätta") {
		t.Errorf("summary: %s", summary)
	}
	empty := ui.Form{Values: map[string][]string{}}
	if strings.Contains(render(t, ui.Input(empty, x)), "own value") {
		t.Error("a field that was emptied shows the old value again")
	}
}

func TestChoicesKeepWhatWasChosen(t *testing.T) {
	g := ui.Group{Name: "why", Legend: "Varför?", Options: []ui.Option{{Value: "lost", Label: "Borttappat", Checked: true}, {Value: "stolen", Label: "Stulet"}}}
	checked := regexp.MustCompile(`value="(\w+)" checked`)
	if got := checked.FindAllStringSubmatch(render(t, ui.Choices(ui.Form{}, g)), -1); len(got) != 1 || got[0][1] != "lost" {
		t.Errorf("before: %v", got)
	}
	f := ui.Form{Values: map[string][]string{"why": {"stolen"}}}
	if got := checked.FindAllStringSubmatch(render(t, ui.Choices(f, g)), -1); len(got) != 1 || got[0][1] != "stolen" {
		t.Errorf("after: %v", got)
	}
	g.Many = true
	f.Values["why"] = []string{"lost", "stolen"}
	if got := checked.FindAllStringSubmatch(render(t, ui.Choices(f, g)), -1); len(got) != 2 {
		t.Errorf("several: %v", got)
	}
}

func TestDiffMarksLettersWithMoreThanColour(t *testing.T) {
	html := render(t, ui.Diff("Jämförelse", "Beställning", "BankID", []ui.DiffRow{{Label: "Efternamn", Before: []ui.Segment{{Text: "Wi"}, {Text: "s", Differs: true}, {Text: "niewski"}}, After: []ui.Segment{{Text: "Wi"}, {Text: "ś", Differs: true}, {Text: "niewski"}}}}))
	if !strings.Contains(html, `Wi<del class="kv-diff">s</del>niewski`) || !strings.Contains(html, `Wi<ins class="kv-diff">ś</ins>niewski`) {
		t.Errorf("letters and marks are apart: %s", html)
	}
}

func TestQRCodeIsDrawn(t *testing.T) {
	html := render(t, ui.QR("bankid.67df3917-fa0d-44e5-b327-edcc928297f8.0.dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8", "QR-kod för BankID"))
	if !strings.Contains(html, `aria-label="QR-kod för BankID"`) || !strings.Contains(html, "M0 0h7v1h-7z") {
		t.Errorf("no finder pattern in the corner: %s", html)
	}
}

func TestTitleSaysErrorFirst(t *testing.T) {
	if got := render(t, ui.PublicPage(ui.Page{Title: "Vem?", Failed: true})); !strings.Contains(got, "<title>Fel: Vem? – Kortverk</title>") {
		t.Error("the title does not begin with the error")
	}
}

func TestPageRefreshesOnlyWithoutScript(t *testing.T) {
	html := render(t, ui.TaskPage(ui.Page{Title: "Skriv under", Refresh: 5}, "/"))
	if !strings.Contains(html, `<noscript><meta http-equiv="refresh" content="5"></noscript>`) {
		t.Error("no refresh for browsers without script")
	}
}

// sources are all templates of the pages.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".templ" {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestIconsThatPagesUseExist(t *testing.T) {
	unknown := render(t, ui.Icon("no such icon"))
	used := regexp.MustCompile(`(?:Icon\(|Icon: )"([a-z0-9-]+)"`)
	for path, text := range sources(t) {
		for _, m := range used.FindAllStringSubmatch(text, -1) {
			if m[1] != "circle-help" && render(t, ui.Icon(m[1])) == unknown {
				t.Errorf("%s: icon %q is not in tools/css/icons.txt", path, m[1])
			}
		}
	}
}

func TestTemplatesKeepTheContentPolicy(t *testing.T) {
	forbidden := regexp.MustCompile(`\sstyle="|\sstyle=\{|\son[a-z]+="|<style|<script>`)
	for path, text := range sources(t) {
		if m := forbidden.FindString(text); m != "" {
			t.Errorf("%s: %q does not work under the content policy", path, m)
		}
	}
}

// The style sheet is built from the class names in templates; one that was forgotten shows as a page that looks wrong.
func TestStyleSheetHasTheClassesThatPagesUse(t *testing.T) {
	css, err := os.ReadFile("../assets/files/app.css")
	if err != nil {
		t.Fatal(err)
	}
	sheet := regexp.MustCompile(`\\(.)`).ReplaceAllString(string(css), "$1")
	static := regexp.MustCompile(`class="([^"]+)"`)
	put := regexp.MustCompile(`class=\{([^\n]*?)\}[ >]`)
	quoted := regexp.MustCompile(`"([^"]*)"`)
	for path, text := range sources(t) {
		var lists []string
		for _, m := range static.FindAllStringSubmatch(text, -1) {
			lists = append(lists, m[1])
		}
		for _, m := range put.FindAllStringSubmatch(text, -1) {
			for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
				lists = append(lists, q[1])
			}
		}
		for _, class := range strings.Fields(strings.Join(lists, " ")) {
			if !strings.Contains(sheet, "."+class) && strings.ContainsAny(class, "-:[") {
				t.Errorf("%s: class %q is not in the style sheet; run tools/css/build.sh", path, class)
			}
		}
	}
}
