package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// A visitor's card from the order to the gate: offered beside the other, valid
// for days, active when it is sent without anybody's activation, active for
// everybody who asks, and refused by the reader.
//
// Rows: 72, 73
func TestVisitorCard(t *testing.T) {
	harness.Engines(t, func(t *testing.T, s *harness.Sandbox) {
		alva, tove, jonas := s.SignIn("alva"), s.SignIn("tove"), s.SignIn("jonas")
		review := alva.DraftOf("jonas", "visitor")
		page := harness.Text(alva.Get(review).Body)
		for _, want := range []string{"Besökskort", "Ingen årsavgift"} {
			if !strings.Contains(page, want) {
				t.Errorf("the last page before sending doesn't say %q", want)
			}
		}
		if strings.Contains(page, "aktiverar kortet") {
			t.Errorf("the last page before sending speaks of activation: %s", page)
		}
		order := alva.Post(review, url.Values{"revision": {alva.Revision(alva.Get(review))}})
		line := alva.LineOf(order)
		tove.Review(line)
		jonas.Approve()
		number := s.Number("Petraitis")

		s.Wait("the reader's refusal", func() bool { return s.Check(number).Reason == "card_type_not_allowed" })
		if v := s.Check(number); v.Valid {
			t.Errorf("a reader lets a visitor's card in: %+v", v)
		}
		public := s.Stranger()
		s.Wait("the public's yes", func() bool { return strings.Contains(harness.Text(public.Get("/k/"+number).Body), "är aktivt") })

		mine := harness.Text(jonas.Get("/me/cards/" + number).Body)
		for _, want := range []string{"Aktivt", "Kortet öppnar inga grindar"} {
			if !strings.Contains(mine, want) {
				t.Errorf("the cardholder's page doesn't say %q: %s", want, mine)
			}
		}
		for _, not := range []string{"PIN", "Aktivera"} {
			if strings.Contains(mine, not) {
				t.Errorf("the cardholder's page says %q: %s", not, mine)
			}
		}
		// Neither page is a dead end for who types its address.
		for _, path := range []string{"/activate", "/pin"} {
			if a := jonas.Try("GET", "/me/cards/"+number+path, nil); a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Location, "/me/cards/"+number) {
				t.Errorf("GET %s: %d %s", path, a.Status, a.Location)
			}
		}
		if link := s.Mail(jonas.Who.Email, `/me/cards/`); !strings.HasSuffix(link, number) {
			t.Errorf("the mail leads to %s", link)
		}
		card := s.Company("furuborg") + "/cards/" + number
		alva.Post(card+"/block", url.Values{"reason": {"lost"}, "revision": {alva.Revision(alva.Get(card + "/block"))}})
		if text := harness.Text(public.Get("/k/" + number).Body); !strings.Contains(text, "är inte aktivt") {
			t.Errorf("blocked, the public is told %s", text)
		}
	})
}
