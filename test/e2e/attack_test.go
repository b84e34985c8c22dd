package e2e

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/kortverk/kortverk/test/harness"
)

// The journey with everybody pressing everything twenty times at once, and with
// others looking over the shoulder. There is one order, one decision, one
// approval, one PIN, one block; and afterwards no secret lies about.
//
// Rows: 16, 38, 43, 44, 57, 58
func TestAttacksOnTheJourney(t *testing.T) {
	harness.Engines(t, func(t *testing.T, s *harness.Sandbox) {
		alva, tove, jonas := s.SignIn("alva"), s.SignIn("tove"), s.SignIn("jonas")
		line := presses(alva, tove)
		link, page := shoulders(s, jonas, line)
		signed := []string{link[strings.LastIndex(link, "/")+1:], jonas.Cookies["__Host-sid"]}
		jonas.Approve()
		if got := jonas.Try("GET", page, nil); !strings.HasSuffix(got.Location, "/done") {
			t.Errorf("the approved line answers %d %s", got.Status, got.Location)
		}
		number := s.Number("Petraitis")
		guesses(jonas, number)
		block := "/me/cards/" + number + "/block"
		form := url.Values{"revision": {jonas.Revision(jonas.Get(block))}, "reason": {"lost"}}
		jonas.Many(20, func(_ int, p *harness.Program) harness.Answer { return p.Try("POST", block, form) })
		if v := s.Check(number); v.Reason != "blocked" {
			t.Errorf("blocked twenty times: %+v", v)
		}
		nothingLiesAbout(s, append(signed, jonas.Cookies["__Host-sid"], alva.Cookies["__Host-sid"], s.Reader.Key))
	})
}

// presses sends one order and decides about it, both twenty times at once.
func presses(p *harness.Program, reviewer *harness.Program) (line string) {
	t := p.S.T
	t.Helper()
	sending := p.Draft("jonas")
	form := url.Values{"revision": {p.Revision(p.Get(sending))}}
	var where sync.Map
	got := p.Many(20, func(_ int, p *harness.Program) harness.Answer {
		a := p.Try("POST", sending, form)
		where.Store(a.Location, true)
		return a
	})
	var orders []string
	where.Range(func(k, _ any) bool { orders = append(orders, k.(string)); return true })
	if got[303] != 20 || len(orders) != 1 {
		t.Fatalf("sent twenty times: %v, %q", got, orders)
	}
	order := orders[0]
	path := p.LineOf(order)
	id := path[strings.LastIndex(path, "/")+1:]
	review := "/office/review/" + id
	revision := reviewer.Revision(reviewer.Get(review))
	got = reviewer.Many(20, func(_ int, p *harness.Program) harness.Answer {
		return p.Try("POST", review+"/pass", url.Values{"revision": {revision}})
	})
	if got[303] != 1 || got[409] != 19 {
		t.Errorf("passed twenty times: %v", got)
	}
	if other := p.S.SignIn("bjorn").Try("GET", strings.Replace(order, p.S.Company("furuborg"), p.S.Company("norrsken"), 1), nil); other.Status != 404 {
		t.Errorf("another company's orderer opens the order: %d", other.Status)
	}
	return id
}

// shoulders are those who got the link, and those who know its page.
func shoulders(s *harness.Sandbox, holder *harness.Program, line string) (link, page string) {
	s.T.Helper()
	link, page = s.Mail(holder.Who.Email, `/a/`), "/me/approve/"+line
	for who, p := range map[string]*harness.Program{"nobody": s.Stranger(), "piotr": s.SignIn("piotr"), "alva": s.SignIn("alva")} {
		a := p.Try("GET", link, nil)
		if a.Status == 303 {
			a = p.Try("GET", a.Location, nil)
		}
		if names := regexp.MustCompile(`Jonas|Petraitis|Furuborg`).FindString(a.Body); a.Status != 200 && a.Status != 403 || who == "nobody" && names != "" {
			s.T.Errorf("%s opens the link: %d, %q", who, a.Status, names)
		}
		for _, path := range []string{page, page + "/contact", page + "/name", page + "/reject"} {
			a := p.Try("POST", path, url.Values{
				"revision": {"2"}, "about": {"not_me"}, "phone": {"+46701740600"}, "street": {"X 1"},
				"postcode": {"11122"}, "city": {"X"}, "country": {"SE"},
			})
			if a.Status != 403 && (who != "nobody" || a.Status != 401) {
				s.T.Errorf("%s posts to %s: %d", who, path, a.Status)
			}
		}
		if a := p.Try("GET", "/me/photo/"+line, nil); a.Status == 200 {
			s.T.Errorf("%s sees the portrait", who)
		}
	}
	return link, page
}

// guesses activates once although the digits come twenty times, and never says
// the PIN to who doesn't know the number, at once or one by one.
func guesses(p *harness.Program, number string) {
	t := p.S.T
	t.Helper()
	card := "/me/cards/" + number
	digits := number[len(number)-6:]
	if a := p.Try("POST", card+"/activate", url.Values{"digits": {"x"}}); a.Status == 303 {
		p.Identify(a.Location)
	}
	got := p.Many(20, func(_ int, p *harness.Program) harness.Answer {
		return p.Try("POST", card+"/activate", url.Values{"digits": {digits}})
	})
	if got[200] != 1 {
		t.Errorf("activated twenty times: %v", got)
	}
	got = p.Many(20, func(_ int, p *harness.Program) harness.Answer {
		return p.Try("POST", card+"/pin", url.Values{"number": {"BB-1234-567897"}})
	})
	if got[422] > 4 || got[422]+got[429] != 20 {
		t.Errorf("twenty wrong numbers: %v", got)
	}
	if a := p.Try("POST", card+"/pin", url.Values{"number": {number}}); a.Status != 429 {
		t.Errorf("the right number while it is locked: %d", a.Status)
	}
}

// nothingLiesAbout looks for what must be nowhere in the log, in the database
// or in its files.
func nothingLiesAbout(s *harness.Sandbox, secrets []string) {
	s.T.Helper()
	for _, p := range s.Cast {
		n := p.PersonalNumber
		secrets = append(secrets, n, n[:8]+"-"+n[8:], n[2:8]+"-"+n[8:])
	}
	places := map[string]string{"database": rows(s)}
	s.Stop()
	places["log"] = s.Log.String()
	err := filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "world" {
			return filepath.SkipDir // the world is everybody else: it has what it was sent
		}
		if name := d.Name(); !d.IsDir() && name != "dev.json" && name != "reader.key" {
			data, err := os.ReadFile(path)
			places[name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		s.T.Error(err)
	}
	for place, all := range places {
		if place == "log" && !strings.Contains(all, "/me/cards/{number}/activate") {
			s.T.Error("the log says nothing about requests")
		}
		for _, secret := range secrets {
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if len(secret) < 8 || strings.Contains(all, form) {
					s.T.Errorf("%s has %s…", place, secret[:min(6, len(secret))])
				}
			}
		}
	}
}

// rows are all rows of a PostgreSQL database as text; SQLite's are in its file.
func rows(s *harness.Sandbox) string {
	s.T.Helper()
	address := ""
	for _, v := range s.Cmd.Env {
		if a, ok := strings.CutPrefix(v, "KORTVERK_DATABASE_URL="); ok {
			address = a
		}
	}
	if address == "" {
		return ""
	}
	d, err := sql.Open("pgx", address)
	if err != nil {
		s.T.Fatal(err)
	}
	defer d.Close()
	tables, err := d.Query(`SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		s.T.Fatal(err)
	}
	defer tables.Close()
	var all strings.Builder
	for tables.Next() {
		var table, rows string
		if err := tables.Scan(&table); err != nil {
			s.T.Fatal(err)
		}
		// Bytes become hexadecimal digits.
		if err := d.QueryRow(`SELECT coalesce(string_agg(r::text, ' '), '') FROM ` + table + ` r`).Scan(&rows); err != nil {
			s.T.Fatal(err)
		}
		all.WriteString(rows)
	}
	if err := tables.Err(); err != nil || all.Len() < 10_000 {
		s.T.Fatalf("%d bytes of rows: %v", all.Len(), err)
	}
	return all.String()
}

// What a hostile page, link or program sends to people's forms.
func TestAttacksOnForms(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	alva, company := s.SignIn("alva"), s.Company("furuborg")
	draft := strings.TrimSuffix(alva.Post(company+"/orders/new", url.Values{}), "/who")
	forms := []string{
		"/signin/bankid", "/signout", "/signout/everywhere", "/language", "/theme", "/check", "/me/account/lang",
		company + "/orders/new", draft + "/who", draft + "/card", draft + "/photo", draft + "/photo/crop", draft + "/delivery",
		draft + "/review", draft + "/add", draft + "/remove", company + "/cards",
	}
	for _, from := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"null"}}} {
		for _, path := range forms {
			if got := send(alva, path, url.Values{}, from); got.Status != 403 {
				t.Errorf("POST %s from %v: %d", path, from, got.Status)
			}
		}
	}
	for _, next := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "/.//evil.example", "/a\r\nX: y"} {
		for _, path := range []string{"/language", "/theme"} {
			a := alva.Try("POST", path, url.Values{"next": {next}, "lang": {"sv"}, "theme": {"dark"}})
			to, err := url.Parse(a.Location)
			if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(a.Location, "/") || strings.HasPrefix(a.Location, "//") || strings.Contains(a.Location, `\`) {
				t.Errorf("%s with next=%q leads to %q", path, next, a.Location)
			}
		}
	}
	hostileTexts(alva, draft)
}

// hostileTexts sends what no keyboard makes into every field of the form that
// draws a card while it is typed.
func hostileTexts(p *harness.Program, draft string) {
	t := p.S.T
	t.Helper()
	h := p.S.Person("jonas")
	right := url.Values{
		"given_name": {h.GivenName}, "surname": {h.Surname}, "nationality": {h.Nationality}, "personal_number": {h.PersonalNumber},
		"email": {h.Email}, "phone": {h.Phone}, "lang": {h.Lang}, "short_given": {""}, "short_surname": {""}, "birth_date": {h.BirthDate},
	}
	for name, hostile := range map[string]string{
		"markup": `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`, "a book": strings.Repeat("Ж-Å ", 12_000), "zero": "Jo\x00nas",
		"broken": "Jo\xff\xfenas", "turned": "Jo\u202esan", "header": "Jonas\r\nBcc: victim@evil.example",
	} {
		for field := range right {
			form := maps.Clone(right)
			form[field] = []string{hostile}
			began := time.Now()
			a := p.Try("POST", draft+"/who", form)
			if a.Status != 422 && a.Status != 303 {
				t.Errorf("%s in %s: %d", name, field, a.Status)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s in %s took %v", name, field, took)
			}
			if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, "<img src=x") || strings.ContainsAny(a.Body, "\x00\u202e") {
				t.Errorf("%s in %s comes back as it was sent", name, field)
			}
		}
		if a := p.Try("GET", draft+"/who", nil); len(a.Body) > 200_000 {
			t.Errorf("%s: the page has %d bytes", name, len(a.Body))
		}
	}
}

// send posts a form with headers of its own.
func send(p *harness.Program, path string, form url.Values, header http.Header) harness.Answer {
	p.S.T.Helper()
	req, err := http.NewRequest("POST", p.URL(path), strings.NewReader(form.Encode()))
	if err != nil {
		p.S.T.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.Do(req)
}
