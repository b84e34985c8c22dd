package gallery

import (
	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// Routes are the gallery's pages.
func Routes() []web.Route {
	show := func(c func() templ.Component) web.Handler {
		return func(v *web.Visit) error { return v.Render(c()) }
	}
	routes := []web.Route{
		{Pattern: "GET /gallery", Right: web.Public, Handle: show(parts)},
		{Pattern: "GET /gallery/portal", Right: web.Public, Handle: show(portal)},
		{Pattern: "GET /gallery/wizard", Right: web.Public, Handle: show(wizard)},
		{Pattern: "GET /gallery/wizard/wrong", Right: web.Public, Handle: func(v *web.Visit) error { return v.Invalid(wizardWrong()) }},
		{Pattern: "GET /gallery/task", Right: web.Public, Handle: show(task)},
		{Pattern: "GET /gallery/confirm", Right: web.Public, Handle: show(confirm)},
		{Pattern: "GET /gallery/office", Right: web.Public, Handle: show(office)},
		{Pattern: "GET /gallery/split", Right: web.Public, Handle: show(split)},
		{Pattern: "GET /gallery/poll", Right: web.Public, Handle: poll},
		{Pattern: "POST /gallery", Right: web.Public, Handle: flash},
	}
	for name, answer := range map[string]ui.Answer{"valid": ui.Valid, "stop": ui.Stopped, "unknown": ui.Unknown} {
		routes = append(routes, web.Route{Pattern: "GET /gallery/" + name, Right: web.Public, Handle: show(func() templ.Component { return site(answer) })})
	}
	for _, err := range []error{
		fault.New(fault.NotFound, "web.not_found"), fault.New(fault.Forbidden, "gallery.forbidden"), fault.New(fault.Conflict, "gallery.conflict"),
		fault.New(fault.TooMany, "gallery.too_many"), fault.New(fault.Unavailable, "gallery.unavailable"), fault.New(fault.Internal, "gallery.internal"),
	} {
		routes = append(routes, web.Route{Pattern: "GET /gallery/error/" + fault.KindOf(err).String(), Right: web.Public, Handle: func(*web.Visit) error { return err }})
	}
	return routes
}

func parts() templ.Component       { return partsPage(ui.Form{}) }
func portal() templ.Component      { return portalPage() }
func wizard() templ.Component      { return wizardPage(ui.Form{}) }
func wizardWrong() templ.Component { return wizardPage(wrongForm()) }
func task() templ.Component        { return taskPage() }
func confirm() templ.Component     { return confirmPage() }
func office() templ.Component      { return officePage() }
func split() templ.Component       { return splitPage() }

func site(a ui.Answer) templ.Component { return sitePage(screen(a)) }

// poll is a part of a page that changes once, then stays.
func poll(v *web.Visit) error { return v.Render(polled()) }

// flash shows the message that a page has after an act.
func flash(v *web.Visit) error {
	v.FlashUndo(ui.OK, "/gallery", "ui.wrong.reload", "ui.copied")
	return v.Redirect("/gallery")
}

// wrongForm is a form that came back.
func wrongForm() ui.Form {
	return ui.Form{
		Values: map[string][]string{"how": {"self"}, "number": {"19900203-238"}, "given_name": {"Jonas"}, "surname": {"Petraitis"}, "email": {"info@furuborg.example"}, "country": {"LT"}},
		Errors: fault.Errors{
			fault.New(fault.Invalid, "web.bad_form").On("number"),
			fault.New(fault.Invalid, "web.file_too_large", "limit", "5").On("email"),
		},
	}
}

func card(number string) string {
	return artwork.Front(artwork.Card{
		GivenName: "Jonas", Surname: "Petraitis", Company: "Furuborg Bygg AB", OrganisationNumber: "5599990016",
		Number: number, ValidUntil: clock.Date{Year: 2031, Month: 11, Day: 30}, Scheme: "Kortverk", SchemeTagline: "Demosystem för platskort",
	}).SVG(artwork.SVGOptions{Title: "Standardkort, Jonas Petraitis, Furuborg Bygg AB"})
}

func screen(a ui.Answer) ui.Screen {
	next := ui.Link{Label: "Nästa kort", Href: "/gallery"}
	switch a {
	case ui.Valid:
		return ui.Screen{Answer: a, Place: "Kv. Eken, Grind 2", Clock: "06.58", Word: "Välkommen", Line: "Kortet gäller.", Name: "Amina Warsame", Company: "Furuborg Bygg AB", Age: "Kontrollerat mot registret för 1 sekund sedan", Next: next, Other: &ui.Link{Label: "Det är inte samma person", Href: "/gallery"}}
	case ui.Stopped:
		return ui.Screen{Answer: a, Place: "Kv. Eken, Grind 2", Clock: "06.58", Word: "Stopp", Line: "Kortet är blockerat.", Name: "Oskar Hägg", Company: "Furuborg Bygg AB", Advice: "Släpp inte in personen på kortet. Ska personen ändå arbeta i dag måste hen skrivas in i personalliggaren.", Age: "Kontrollerat mot registret för 1 sekund sedan", Next: next}
	default:
		return ui.Screen{Answer: ui.Unknown, Clock: "06.58", Word: "Okänt kort", Line: "Kortet finns inte i registret.", Advice: "Hjälper det inte att försöka igen, skriv kortnumret.", Age: "Ingen täckning. Uppgifterna är från 06.31, 27 minuter gamla.", Old: true, Next: next}
	}
}

func steps(now int) []ui.Step {
	out := []ui.Step{}
	for i, label := range []string{"Vem", "Kort", "Foto", "Leverans", "Granska"} {
		out = append(out, ui.Step{Label: label, Href: "/gallery/wizard", Done: i < now, Now: i == now})
	}
	return out
}

func menu(now int) ui.Menu {
	m := ui.Menu{Home: "/gallery", Name: "Furuborg Bygg AB", Items: []ui.Link{
		{Label: "Hem", Href: "/gallery", Icon: "house"}, {Label: "Kort", Href: "/gallery/portal", Icon: "id-card"}, {Label: "Beställningar", Href: "/gallery/wizard", Icon: "layers"},
	}, Dock: []ui.Link{
		{Label: "Hem", Href: "/gallery", Icon: "house"}, {Label: "Kort", Href: "/gallery/portal", Icon: "id-card"}, {Label: "Beställ", Href: "/gallery/wizard", Icon: "circle-plus"},
	}}
	m.Items[now].Current, m.Dock[now].Current = true, true
	return m
}

func rail() ui.Menu {
	return ui.Menu{Home: "/gallery/office", Name: "Drift", Items: []ui.Link{
		{Label: "Granskning", Href: "/gallery/office", Icon: "scan-eye", Count: "38", Current: true},
		{Label: "Företag", Href: "/gallery/office", Icon: "building-2", Count: "5"},
		{Label: "Produktion", Href: "/gallery/office", Icon: "printer", Count: "3"},
		{Label: "Händelser", Href: "/gallery/office", Icon: "list-tree"},
	}}
}
