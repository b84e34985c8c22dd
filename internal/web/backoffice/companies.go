package backoffice

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

const shownCompanies = 50

type companiesView struct {
	Menu   ui.Menu
	List   company.Page
	Search string
	After  string
}

type newCompanyView struct {
	Menu ui.Menu
	Form ui.Form
}

type companyView struct {
	Menu        ui.Menu
	Company     company.Company
	Addresses   []company.Address
	Holders     []account.Holder
	Invitations []account.Invitation
	Form        ui.Form // of the invitation
}

type holdView struct {
	Menu    ui.Menu
	Company company.Company
	Form    ui.Form
}

func companyAt(id uuid.UUID) string { return atCompanies + "/" + id.String() }

func (d Deps) companies(v *web.Visit) error {
	return d.companyList(v, "", v.Query("after"))
}

// searchCompanies posts, since a sole trader's number is a personal number and
// must not stand in an address.
func (d Deps) searchCompanies(v *web.Visit) error {
	return d.companyList(v, v.Text("q"), "")
}

func (d Deps) companyList(v *web.Visit, search, after string) error {
	p := companiesView{Search: search, After: after}
	var err error
	if p.List, err = d.Companies.List(v.R.Context(), search, after, shownCompanies); err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atCompanies); err != nil {
		return err
	}
	return v.Render(companiesPage(p))
}

func (d Deps) newCompany(v *web.Visit) error {
	m, err := d.rail(v, atCompanies)
	if err != nil {
		return err
	}
	return v.Render(newCompanyPage(newCompanyView{Menu: m}))
}

// enterCompany makes a company by hand, until companies register themselves.
func (d Deps) enterCompany(v *web.Visit) error {
	c, err := d.Companies.Enter(v.R.Context(), v.Actor, details(v))
	if err == nil {
		v.Flash(ui.OK, "backoffice.companies.entered", "name", c.Name)
		return v.Redirect(companyAt(c.ID))
	}
	form, ok := v.Form().With(companyFields(err))
	if !ok {
		return err
	}
	m, err := d.rail(v, atCompanies)
	if err != nil {
		return err
	}
	return v.Invalid(newCompanyPage(newCompanyView{Menu: m, Form: form}))
}

// details is what was typed. The address is left out as a whole, or complete; it
// goes to the company by name, shortened at a word where an envelope has no room.
func details(v *web.Visit) company.Details {
	n := company.Details{
		Name: v.Text("name"), OrganisationNumber: v.Text("organisation_number"), Country: v.Text("country"),
		ReferenceRequired: v.Bool("reference_required"),
	}
	a := company.Address{CareOf: v.Text("care_of"), Line1: v.Text("line1"), Postcode: v.Text("postcode"), City: v.Text("city")}
	if a != (company.Address{}) {
		a.Name, a.Country = envelope(n.Name), n.Country
		n.Address = a
	}
	return n
}

const envelopeLine = 60

func envelope(name string) string {
	if utf8.RuneCountInString(name) <= envelopeLine {
		return name
	}
	short := string([]rune(name)[:envelopeLine])
	if i := strings.LastIndexByte(short, ' '); i > 0 {
		short = short[:i]
	}
	return short
}

// companyFields names fields as the form does, says each thing once, and shows a
// company that is there already beside its number.
func companyFields(err error) error {
	var errs fault.Errors
	seen := map[string]bool{}
	for _, e := range fault.All(err) {
		if e.Kind != fault.Invalid && e.Code != "company.already_entered" {
			return err
		}
		field := strings.TrimPrefix(e.Field, "address_")
		if seen[field] {
			continue
		}
		seen[field] = true
		errs = append(errs, e.On(field))
	}
	if len(errs) == 0 {
		return err
	}
	return errs
}

func countries(t *i18n.Texts) []ui.Option {
	all := country.All(t.Lang)
	out := make([]ui.Option, 0, len(all))
	for _, c := range all {
		out = append(out, ui.Option{Value: c.Code, Label: c.Name})
	}
	return out
}

func (d Deps) company(v *web.Visit) error {
	p, err := d.companyView(v)
	if err != nil {
		return err
	}
	return v.Render(companyPage(p))
}

func (d Deps) companyView(v *web.Visit) (companyView, error) {
	var p companyView
	id, err := v.PathID("id")
	if err != nil {
		return p, err
	}
	ctx := v.R.Context()
	if p.Company, err = d.Companies.ByID(ctx, id); err != nil {
		return p, err
	}
	if p.Addresses, err = d.Companies.Addresses(ctx, id); err != nil {
		return p, err
	}
	if p.Holders, err = d.Accounts.Holders(ctx, id); err != nil {
		return p, err
	}
	if p.Invitations, err = d.Accounts.Invitations(ctx, id); err != nil {
		return p, err
	}
	p.Menu, err = d.rail(v, atCompanies)
	return p, err
}

// facts about the company.
func (p companyView) facts(t *i18n.Texts) []ui.Fact {
	c := p.Company
	facts := []ui.Fact{
		{Label: t.T("backoffice.company.number"), Value: c.ShownNumber(), Mono: true},
		{Label: t.T("backoffice.company.country"), Value: country.Name(t.Lang, c.Country)},
	}
	reference := "backoffice.company.reference.no"
	if c.ReferenceRequired {
		reference = "backoffice.company.reference.yes"
	}
	facts = append(facts, ui.Fact{Label: t.T("backoffice.company.reference"), Value: t.T(reference)})
	if c.Closed() {
		facts = append(facts, ui.Fact{Label: t.T("backoffice.company.closed"), Value: t.DayTime(c.ClosedAt)})
	}
	return facts
}

// holdText says since when and why the cards are paused.
func (p companyView) holdText(t *i18n.Texts) string {
	c := p.Company
	text := t.T("backoffice.company.held_since", "at", c.HeldAt, "reason", t.T("backoffice.hold."+c.Hold))
	if c.HoldNote != "" {
		text += " " + c.HoldNote
	}
	return text
}

func companyLook(c company.Company) (ui.Tone, string, string) {
	switch {
	case c.Closed():
		return ui.Off, "circle-x", "backoffice.company.is_closed"
	case c.Hold != "":
		return ui.Stop, "circle-pause", "backoffice.company.is_held"
	default:
		return ui.OK, "circle-check", "backoffice.company.is_active"
	}
}

func (d Deps) holdView(v *web.Visit) (holdView, error) {
	var p holdView
	id, err := v.PathID("id")
	if err != nil {
		return p, err
	}
	if p.Company, err = d.Companies.ByID(v.R.Context(), id); err != nil {
		return p, err
	}
	p.Menu, err = d.rail(v, atCompanies)
	return p, err
}

func (d Deps) askHold(v *web.Visit) error {
	p, err := d.holdView(v)
	if err != nil {
		return err
	}
	return v.Render(holdPage(p))
}

// hold pauses all cards of the company.
func (d Deps) hold(v *web.Visit) error {
	return d.changeHold(v, "backoffice.company.held", func(p holdView) error {
		_, err := d.Companies.Hold(v.R.Context(), v.Actor, p.Company.ID, v.Text("reason"), v.Text("note"))
		return err
	}, func(p holdView) error { return v.Invalid(holdPage(p)) })
}

func (d Deps) askRelease(v *web.Visit) error {
	p, err := d.holdView(v)
	if err != nil {
		return err
	}
	return v.Render(releasePage(p))
}

// release ends the pause.
func (d Deps) release(v *web.Visit) error {
	return d.changeHold(v, "backoffice.company.released", func(p holdView) error {
		_, err := d.Companies.Release(v.R.Context(), v.Actor, p.Company.ID, v.Text("note"))
		return err
	}, func(p holdView) error { return v.Invalid(releasePage(p)) })
}

// changeHold does so if the company is as the page showed it; package company
// guards what it looks like from here on.
func (d Deps) changeHold(v *web.Visit, done string, do func(holdView) error, again func(holdView) error) error {
	p, err := d.holdView(v)
	if err != nil {
		return err
	}
	if p.Company.Revision != revision(v) {
		return fault.New(fault.Conflict, "company.changed_meanwhile")
	}
	err = do(p)
	if form, ok := v.Form().With(err); ok {
		p.Form = form
		return again(p)
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, done, "name", p.Company.Name)
	return v.Redirect(companyAt(p.Company.ID))
}

func (p holdView) revision() string { return strconv.FormatInt(p.Company.Revision, 10) }

// inviteOrderer asks somebody to order for the company.
func (d Deps) inviteOrderer(v *web.Visit) error {
	p, err := d.companyView(v)
	if err != nil {
		return err
	}
	in := invitation(v)
	in.Role, in.Company = actor.Orderer, p.Company.ID
	_, err = d.Accounts.Invite(v.R.Context(), v.Actor, in)
	if form, ok := v.Form().With(err); ok {
		p.Form = form
		return v.Invalid(companyPage(p))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.invited", "email", in.Email)
	return v.Redirect(companyAt(p.Company.ID))
}

func invitation(v *web.Visit) account.Invite {
	in := account.Invite{GivenName: v.Text("given_name"), Surname: v.Text("surname"), Email: v.Text("email"), Lang: i18n.Lang(v.Text("lang"))}
	if !in.Lang.Valid() {
		in.Lang = v.Lang
	}
	return in
}
