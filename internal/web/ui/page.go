package ui

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/i18n"
)

// Page is what every layout needs to know.
type Page struct {
	Title   string // of the window, without the product's name
	Failed  bool   // something is to be corrected: the title says so first
	Refresh int    // seconds until a browser without script asks again; 0 for never
	Narrow  bool   // one column of reading width
}

// Menu is the navigation of a portal.
type Menu struct {
	Home   string // where the logo leads
	Name   string // of the company, or of the part of the office; beside the person's name
	Items  []Link // top bar or rail
	Dock   []Link // bottom of the phone, five at most; Items if nil
	Places []Link // leads in the account menu before the other places
}

func (m Menu) dock() []Link {
	if m.Dock == nil {
		return m.Items
	}
	return m.Dock
}

// Wizard is a task in steps.
type Wizard struct {
	Label string // of the navigation: "Steps in the order"
	Steps []Step
	Close *Link // "Save and close"
	Home  string
	Wide  bool // room for something beside the form
}

// Step of a wizard. Done steps with an address are links.
type Step struct {
	Label string
	Href  string
	Done  bool
	Now   bool
}

func (w Wizard) now() int {
	for i, s := range w.Steps {
		if s.Now {
			return i + 1
		}
	}
	return 0
}

// Head is the top of a page.
type Head struct {
	Back  *Link
	Title string
	Tag   templ.Component // status beside the title
	Lead  string          // one muted line
	Facts templ.Component // the same with markup, instead of Lead
	Small bool            // back office size
}

func (p Page) title(ctx context.Context) string {
	title := p.Title + " – " + FrameOf(ctx).Brand.Name
	if p.Failed {
		return T(ctx, "ui.error_prefix") + " " + title
	}
	return title
}

func itoa(n int) string { return strconv.Itoa(n) }

// current is the value of aria-current for a link in a menu.
func current(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

func theme(ctx context.Context) templ.Attributes {
	if t := pageTheme(FrameOf(ctx).Theme); t != "" {
		return templ.Attributes{"data-theme": t}
	}
	return nil
}

func currentTrue(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

func currentStep(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "step"}
	}
	return nil
}

func boolText(b bool) string { return strconv.FormatBool(b) }

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func languages() []i18n.Language { return i18n.Languages() }

func languageName(ctx context.Context) string {
	for _, l := range languages() {
		if l.Lang == Texts(ctx).Lang {
			return l.Name
		}
	}
	return htmlLang(ctx)
}

// themes are the answers to which colours a page has: value, key of the label, icon.
func themes() []Option {
	return []Option{
		{Value: "system", Label: "ui.theme.system", Hint: "monitor"},
		{Value: "light", Label: "ui.theme.light", Hint: "sun"},
		{Value: "dark", Label: "ui.theme.dark", Hint: "moon"},
	}
}
