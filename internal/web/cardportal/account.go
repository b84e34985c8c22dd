package cardportal

import (
	"net/http"
	"strings"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// langCookie is the engine's: a language chosen here counts for the account, so
// what this browser was set to before gives way.
const langCookie = "__Host-lang"

type accountView struct {
	Name     string
	Lang     i18n.Lang
	Sessions []account.Info
	Menu     ui.Menu
}

func (d Deps) account(v *web.Visit) error {
	sessions, err := d.Accounts.Sessions(v.R.Context(), *v.Session)
	if err != nil {
		return err
	}
	return v.Render(accountPage(accountView{Name: v.Session.Name, Lang: v.Lang, Sessions: sessions, Menu: menu(v.T, "/me/account")}))
}

func (d Deps) endSession(v *web.Visit) error {
	id := v.Path("id")
	if err := d.Accounts.EndSession(v.R.Context(), *v.Session, id); err != nil {
		return err
	}
	v.Flash(ui.OK, "cardportal.account.ended")
	if id == v.Session.ID {
		v.EndSession()
		return v.Redirect("/")
	}
	return v.Redirect("/me/account")
}

func (d Deps) setLang(v *web.Visit) error {
	l := i18n.Lang(v.Text("lang"))
	if !l.Valid() {
		return v.Redirect("/me/account") // the page offers no other
	}
	if err := d.Accounts.SetLang(v.R.Context(), *v.Session, l); err != nil {
		return err
	}
	http.SetCookie(v.W, &http.Cookie{Name: langCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	v.Flash(ui.OK, "cardportal.account.lang_saved")
	return v.Redirect("/me/account")
}

// device says in words what a browser calls itself.
func device(t *i18n.Texts, agent string) string {
	browser, system := t.T("cardportal.account.browser"), ""
	for _, b := range [][2]string{{"Edg", "Edge"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"Chrome", "Chrome"}, {"CriOS", "Chrome"}, {"Safari", "Safari"}} {
		if strings.Contains(agent, b[0]) {
			browser = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "Mac"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s[0]) {
			system = s[1]
			break
		}
	}
	if system == "" {
		return browser
	}
	return t.T("cardportal.account.device", "browser", browser, "system", system)
}
