package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// Production knows no screens: it may be shown in no frame, takes no form from
// their page, and sends nobody who signs in back to another name than its own.
func TestServeOpensNothingForScreens(t *testing.T) {
	t.Parallel()
	s, _ := harness.Production(t, "sqlite")
	ask := func(method, path, origin string, form url.Values) (*http.Response, string) {
		req, err := http.NewRequest(method, s.Product.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "laptop.kortverk.localhost:" + req.URL.Port()
		if origin != "" {
			req.Header.Set("Origin", origin)
			req.Header.Set("Sec-Fetch-Site", "same-site")
		}
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	for _, path := range []string{"/", "/signin", "/check", "/nowhere"} {
		res, _ := ask("GET", path, "", nil)
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || res.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s may be framed: %s", path, csp)
		}
	}
	if res, _ := ask("POST", "/signin/bankid", "http://kortverk.localhost:8090", url.Values{"next": {"/me"}}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another page: %d, want 403", res.StatusCode)
	}
	// Whoever sends another Host doesn't lead the eID app there.
	res, _ := ask("POST", "/signin/bankid", "", url.Values{"next": {"/me"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in: %d", res.StatusCode)
	}
	var orders []struct {
		ReturnURL string `json:"return_url"`
	}
	s.Call("GET", s.World.Phone+"/_sim/orders", nil, &orders)
	if len(orders) != 1 || !strings.HasPrefix(orders[0].ReturnURL, s.Product.URL+"/") {
		t.Errorf("the app returns to %+v, want the configured address", orders)
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
