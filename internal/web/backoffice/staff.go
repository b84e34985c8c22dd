package backoffice

import (
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type staffView struct {
	Menu        ui.Menu
	Holders     []account.Holder
	Invitations []account.Invitation
	Form        ui.Form
}

// staffRoles are those that have pages here.
func staffRoles() []actor.Role { return []actor.Role{actor.Reviewer, actor.Production, actor.Officer} }

func (d Deps) staffView(v *web.Visit) (staffView, error) {
	var p staffView
	var err error
	if p.Holders, err = d.Accounts.Holders(v.R.Context(), uuid.Nil); err != nil {
		return p, err
	}
	if p.Invitations, err = d.Accounts.Invitations(v.R.Context(), uuid.Nil); err != nil {
		return p, err
	}
	p.Menu, err = d.rail(v, atStaff)
	return p, err
}

func (d Deps) staff(v *web.Visit) error {
	p, err := d.staffView(v)
	if err != nil {
		return err
	}
	return v.Render(staffPage(p))
}

// inviteStaff asks somebody to work here.
func (d Deps) inviteStaff(v *web.Visit) error {
	in := invitation(v)
	in.Role = actor.Role(v.Text("role"))
	var err error
	if slices.Contains(staffRoles(), in.Role) {
		_, err = d.Accounts.Invite(v.R.Context(), v.Actor, in)
	} else {
		err = fault.New(fault.Invalid, "account.role_unknown").On("role")
	}
	if form, ok := v.Form().With(err); ok {
		p, err := d.staffView(v)
		if err != nil {
			return err
		}
		p.Form = form
		return v.Invalid(staffPage(p))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.invited", "email", in.Email)
	return v.Redirect(atStaff)
}

// revoke takes a role away, at once. Who gives up the own role of officer has
// nothing more to see here.
func (d Deps) revoke(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	if err := d.Accounts.Revoke(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	own := slices.ContainsFunc(v.Session.Grants, func(g account.Grant) bool { return g.ID == id && g.Role == actor.Officer })
	v.Flash(ui.OK, "backoffice.revoked")
	if own {
		return v.Redirect("/me")
	}
	return v.Redirect(back(v))
}

func (d Deps) withdraw(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	if err := d.Accounts.Withdraw(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.withdrawn")
	return v.Redirect(back(v))
}

// back is the page that the button stood on.
func back(v *web.Visit) string {
	if p := web.LocalPath(v.Text("back")); p != "/" {
		return p
	}
	return atStaff
}

func roleOptions(t *i18n.Texts) []ui.Option {
	var out []ui.Option
	for _, r := range staffRoles() {
		out = append(out, ui.Option{Value: string(r), Label: t.T("backoffice.role." + string(r)), Hint: t.T("backoffice.role." + string(r) + ".hint")})
	}
	return out
}

func langOptions() []ui.Option {
	var out []ui.Option
	for _, l := range i18n.Languages() {
		out = append(out, ui.Option{Value: string(l.Lang), Label: l.Name})
	}
	return out
}
