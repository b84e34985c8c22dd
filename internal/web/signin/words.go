package signin

import (
	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

func (w waiting) title(t *i18n.Texts) string {
	if w.Sign {
		return t.T("signin.sign_title")
	}
	return t.T("signin.identify_title")
}

// message is what the app says. While nothing has fetched the order, that is
// that the code moves; the person has both ways before the eyes.
func (w waiting) message() string {
	if w.Transaction.State == eid.StatePending && w.Code != "" {
		return "signin.waiting"
	}
	return w.Transaction.Message(false)
}

func sentence(t *i18n.Texts, err error) string {
	if f, ok := fault.As(err); ok {
		return t.Error(f)
	}
	return t.T("signin.failed")
}

func invitationLead(t *i18n.Texts, in account.Invitation) string {
	role := t.T("account.role." + string(in.Role))
	if in.CompanyName != "" {
		return t.T("signin.invitation.company", "company", in.CompanyName, "role", role)
	}
	return t.T("signin.invitation.scheme", "role", role)
}

// specimen is the card of nobody, beside the sign-in.
func specimen(scheme string) string {
	return artwork.Front(artwork.Card{
		GivenName: "Jonas", Surname: "Petraitis", Company: "Furuborg Bygg AB", OrganisationNumber: "5599990016", Scheme: scheme,
	}).SVG(artwork.SVGOptions{Class: "w-full h-auto rounded-[3.7%] shadow-float"})
}
