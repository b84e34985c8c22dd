package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// From an empty production database to a valid card: the first officer through
// bootstrap, a reviewer, a company with its orderer, the journey, and a hold
// over the company that comes and goes.
//
// Rows: 14, 15, 22, 66, 67
func TestProductionFromAnEmptyDatabase(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, link := harness.Production(t, engine)
			ivar := s.SignIn("ivar")
			if got := ivar.Try("GET", "/office/companies", nil); got.Status != 404 {
				t.Errorf("the back office before the invitation is accepted: %d, want 404", got.Status)
			}
			ivar.Accept(link)
			ivar.Post("/office/staff/invite", url.Values{
				"role": {"reviewer"}, "given_name": {"Tove"}, "surname": {"Granlund"}, "email": {"tove@kortverk.example"}, "lang": {"sv"},
			})
			company := ivar.Post("/office/companies/new", url.Values{
				"country": {"SE"}, "organisation_number": {"559999-0016"}, "name": {"Furuborg Bygg AB"},
				"address_name": {"Kontoret"}, "line1": {"Sågverksgatan 4"}, "postcode": {"111 11"}, "city": {"Exempelstad"},
			})
			id := company[strings.LastIndex(company, "/")+1:]
			ivar.Post(company+"/invite", url.Values{
				"given_name": {"Alva"}, "surname": {"Lindström"}, "email": {"alva@furuborg.example"}, "lang": {"sv"},
			})
			s.Companies = append(s.Companies, struct{ Cast, ID, Name string }{"furuborg", id, "Furuborg Bygg AB"})

			tove, alva, jonas := s.SignIn("tove"), s.SignIn("alva"), s.SignIn("jonas")
			tove.Accept(s.Mail("tove@kortverk.example", "/i/"))
			alva.Accept(s.Mail("alva@furuborg.example", "/i/"))
			_, line := alva.Order("jonas")
			tove.Review(line)
			jonas.Approve()
			number := s.Number("Petraitis")
			jonas.Activate(number)

			for _, step := range []struct {
				act, reason string
				form        url.Values
			}{
				{"hold", "company_suspended", url.Values{"reason": {"unpaid"}}},
				{"release", "ok", url.Values{}},
			} {
				step.form.Set("revision", ivar.Revision(ivar.Get(company+"/"+step.act)))
				ivar.Post(company+"/"+step.act, step.form)
				if v := s.Check(number); v.Reason != step.reason {
					t.Errorf("after %s the reader hears %+v", step.act, v)
				}
			}
			if banner := harness.Text(jonas.Get("/me").Body); !strings.Contains(banner, "Övningsmiljö") {
				t.Error("a sandbox doesn't say so on every page")
			}
		})
	}
}

// What the world writes is what docs/dev.schema.json promises.
func TestDevJSONHasTheMembersOfItsSchema(t *testing.T) {
	s := harness.Start(t, "sqlite")
	var doc, schema map[string]any
	for file, into := range map[string]*map[string]any{filepath.Join(s.Data, "dev.json"): &doc, "../../docs/dev.schema.json": &schema} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, wrong := range differences("", schema, doc) {
		t.Error(wrong)
	}
}

// differences compares an object's members with the schema's properties, down
// through objects and the first item of lists.
func differences(path string, schema map[string]any, value any) []string {
	var out []string
	switch v := value.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		for name, member := range v {
			sub, ok := props[name].(map[string]any)
			if !ok {
				out = append(out, fmt.Sprintf("%s/%s is written, but not in the schema", path, name))
				continue
			}
			out = append(out, differences(path+"/"+name, sub, member)...)
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s/%s is required by the schema, but not written", path, name))
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		if len(v) > 0 {
			out = append(out, differences(path+"[0]", items, v[0])...)
		}
	}
	return out
}
