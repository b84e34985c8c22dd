package ui

import (
	"context"
	"strings"

	"github.com/kortverk/kortverk/internal/i18n"
)

// Frame is what belongs to the request rather than to the page.
type Frame struct {
	Texts   *i18n.Texts
	Path    string // where a change of language or colours returns to
	Brand   Brand
	Sandbox bool   // nothing here is real: every page says so
	World   string // address of the sandbox world's start page; none if empty
	Theme   string // "light", "dark" or "" to follow the system
	Flash   []Flash
	Account *Account // nil for visitors
}

// Brand is what a deployment may change.
type Brand struct {
	Name   string // shown beside the logo and in titles
	Phone  string // shown in the footer; none if empty
	Logo   string // SVG drawing inside a 40 × 40 view box; the product's own if empty
	Styles string // address of the style sheet with the deployment's colours; none if empty
}

// Account is the signed-in person, for the menu.
type Account struct {
	Name   string
	Places []Link // where the person may go: own cards, companies, back office
}

// Link is a word that leads somewhere.
type Link struct {
	Label   string
	Href    string
	Icon    string
	Count   string // shown after the label in menus with queues
	Current bool
}

// Flash is a message on the page after an act.
type Flash struct {
	Tone   Tone
	Text   string
	Note   string
	Action string // address of a POST that undoes the act; none if empty
	Verb   string // the button's word
}

type frameKey struct{}

// With returns a context that carries the frame.
func With(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameOf returns the frame of the request; outside one, Swedish and nothing else.
func FrameOf(ctx context.Context) Frame {
	if f, ok := ctx.Value(frameKey{}).(Frame); ok {
		return f
	}
	return Frame{Texts: i18n.For("sv"), Brand: Brand{Name: "Kortverk"}}
}

// Texts returns the catalogue of the visitor's language.
func Texts(ctx context.Context) *i18n.Texts { return FrameOf(ctx).Texts }

// T is the text of a key in the visitor's language. Arguments are name, value, …
func T(ctx context.Context, key string, args ...any) string {
	return Texts(ctx).T(key, args...)
}

func htmlLang(ctx context.Context) string { return string(Texts(ctx).Lang) }

func pageTheme(theme string) string {
	switch theme {
	case "light":
		return "kortverk"
	case "dark":
		return "kortverk-dark"
	default:
		return ""
	}
}

func colorScheme(theme string) string {
	if pageTheme(theme) == "" { // also what no page of ours has put into the cookie
		return "light dark"
	}
	return theme
}

// phoneHref makes a number that can be called of one that can be read.
func phoneHref(number string) string {
	return "tel:" + strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
}

// initials are at most two letters for a name.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		if r := []rune(word); len(out) < 2 {
			out = append(out, r[0])
		}
	}
	return strings.ToUpper(string(out))
}
