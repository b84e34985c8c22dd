package harness

import (
	"net/url"
	"strings"
)

// Found takes an empty scheme from the bootstrap's link to work: the officer
// accepts, a reviewer and a company with its orderer are invited and accept.
func (s *Sandbox) Found(ivar *Program, link string) (tove, alva *Program) {
	s.T.Helper()
	ivar.Accept(link)
	ivar.Post("/office/staff/invite", url.Values{
		"role": {"reviewer"}, "given_name": {"Tove"}, "surname": {"Granlund"}, "email": {"tove@kortverk.example"}, "lang": {"sv"},
	})
	company := ivar.Post("/office/companies/new", url.Values{
		"country": {"SE"}, "organisation_number": {"559999-0016"}, "name": {"Furuborg Bygg AB"},
		"address_name": {"Kontoret"}, "line1": {"Sågverksgatan 4"}, "postcode": {"111 11"}, "city": {"Exempelstad"},
	})
	ivar.Post(company+"/invite", url.Values{
		"given_name": {"Alva"}, "surname": {"Lindström"}, "email": {"alva@furuborg.example"}, "lang": {"sv"},
	})
	s.Companies = append(s.Companies, struct{ Cast, ID, Name string }{"furuborg", company[strings.LastIndex(company, "/")+1:], "Furuborg Bygg AB"})
	tove, alva = s.SignIn("tove"), s.SignIn("alva")
	tove.Accept(s.Mail("tove@kortverk.example", "/i/"))
	alva.Accept(s.Mail("alva@furuborg.example", "/i/"))
	return tove, alva
}

// OfWorld is what the world told the product to use, where the test set
// something else over it.
func (s *Sandbox) OfWorld(name string) string {
	for _, e := range s.env {
		if v, ok := strings.CutPrefix(e, name+"="); ok && v != s.Setting(name) {
			return v
		}
	}
	return s.Setting(name)
}
