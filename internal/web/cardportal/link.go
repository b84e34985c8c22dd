package cardportal

import (
	"net/http"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
)

// link is where the mail about an approval leads. Opening it changes nothing,
// also when a mail server does it to look for harm, and it shows nothing of the
// order: a forwarded mail tells nobody anything.
func (d Deps) link(v *web.Visit) error {
	link, err := d.Orders.OpenLink(v.R.Context(), v.Path("token"))
	if fault.KindOf(err) == fault.NotFound {
		return v.RenderStatus(http.StatusNotFound, linkGonePage(v.Session != nil))
	}
	if err != nil {
		return err
	}
	path := approvePath(link.Line.String())
	if v.Session != nil {
		return v.Redirect(path)
	}
	v.Speak(link.Lang) // the mail's language goes on, on a telephone that speaks another
	v.Browser()        // the cookie that binds the sign-in is set before it is needed
	return v.Render(linkPage(path))
}
