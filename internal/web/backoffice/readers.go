package backoffice

import (
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type readersView struct {
	Menu    ui.Menu
	Readers []check.Reader
	Form    ui.Form
	Made    check.Reader // just now, with its
	Key     string       // which is shown this once
}

type revokeReaderView struct {
	Menu   ui.Menu
	Reader check.Reader
}

func readerAt(id uuid.UUID) string { return atReaders + "/" + id.String() + "/revoke" }

func (d Deps) readersView(v *web.Visit) (p readersView, err error) {
	if p.Readers, err = d.Checks.Readers(v.R.Context(), v.Actor); err != nil {
		return p, err
	}
	p.Menu, err = d.rail(v, atReaders)
	return p, err
}

// readers lists who may ask about cards.
func (d Deps) readers(v *web.Visit) error {
	p, err := d.readersView(v)
	if err != nil {
		return err
	}
	return v.Render(readersPage(p))
}

// addReader makes a key. It is on this answer and nowhere else, so there is no way to lead to another page.
func (d Deps) addReader(v *web.Visit) error {
	made, key, failed := d.Checks.CreateKey(v.R.Context(), v.Actor, v.Text("name"))
	form, ok := v.Form().With(failed)
	if failed != nil && !ok {
		return failed
	}
	p, err := d.readersView(v)
	if err != nil {
		return err
	}
	if failed != nil {
		p.Form = form
		return v.Invalid(readersPage(p))
	}
	p.Made, p.Key = made, key
	return v.Render(readersPage(p))
}

func (d Deps) reader(v *web.Visit) (check.Reader, error) {
	id, err := v.PathID("id")
	if err != nil {
		return check.Reader{}, err
	}
	all, err := d.Checks.Readers(v.R.Context(), v.Actor)
	if err != nil {
		return check.Reader{}, err
	}
	for _, r := range all {
		if r.ID == id && r.RevokedAt.IsZero() {
			return r, nil
		}
	}
	return check.Reader{}, v.NotFound()
}

// askRevokeReader says what taking the key back means.
func (d Deps) askRevokeReader(v *web.Visit) error {
	var p revokeReaderView
	var err error
	if p.Reader, err = d.reader(v); err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atReaders); err != nil {
		return err
	}
	return v.Render(revokeReaderPage(p))
}

func (d Deps) revokeReader(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	if err := d.Checks.RevokeKey(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.readers.revoked")
	return v.Redirect(atReaders)
}

func (d Deps) readerRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /office/readers", Right: officers, Handle: d.readers},
		{Pattern: "POST /office/readers", Right: officers, Handle: d.addReader, NoStore: true},
		{Pattern: "GET /office/readers/{id}/revoke", Right: officers, Handle: d.askRevokeReader},
		{Pattern: "POST /office/readers/{id}/revoke", Right: officers, Handle: d.revokeReader},
	}
}
