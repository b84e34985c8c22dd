package cardportal

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/ui"
)

const homePath = "/me"

func menu(t *i18n.Texts, path string) ui.Menu {
	return ui.Menu{Home: "/", Items: []ui.Link{
		{Label: t.T("cardportal.menu.cards"), Href: homePath, Icon: "id-card", Current: path == homePath},
		{Label: t.T("cardportal.menu.account"), Href: "/me/account", Icon: "circle-user-round", Current: path == "/me/account"},
	}}
}

// cardPath is the card's page. Until the card is activated its address doesn't
// hold the number: activation asks for digits that must come from the card.
func cardPath(c card.Card) string {
	if c.ActivatedAt.IsZero() {
		return "/me/cards/" + c.ID.String()
	}
	return "/me/cards/" + string(c.Number)
}

func approvePath(line string) string { return "/me/approve/" + line }
