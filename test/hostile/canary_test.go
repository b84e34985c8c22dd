package hostile

import (
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/kortverk/kortverk/internal/photo/phototest"
	"github.com/kortverk/kortverk/internal/web/webtest"
	"github.com/kortverk/kortverk/test/harness"
)

// canary is something that was put in, and all places where it may be found
// afterwards: "table.column", "mail", "bureau", "address" (of a link or form).
// In logs, figures and files nothing may be.
type canary struct {
	name, value string
	may         []string
}

// What may be where. Everything else that was put in may be nowhere.
var places = map[string][]string{
	"approval link":   {"mail"},
	"eID transaction": {"eid_transaction.id", "eid_evidence.transaction_id", "order_line.evidence"},
	"own phone":       {"person.phone"},
	"own street":      {"person.street"},
	"own city":        {"person.city"},
	"draft's name":    {"order_line.given_name", "order_line.surname"},
	"draft's e-mail":  {"order_line.email"},
	"draft's phone":   {"order_line.phone"},
	"delivery":        {"card_order.address_name", "card_order.line1", "card_order.care_of", "card_order.city", "batch_item.address", "mail", "bureau"},
	"reference":       {"card_order.reference"},
	"cost centre":     {"card_order.cost_centre"},
	"note":            {"card.note", "journal_entry.data"},
	"hold's note":     {"company.hold_note", "journal_entry.data"},
	"invited name":    {"invitation.given_name", "invitation.surname"},
	"invited e-mail":  {"invitation.email"},
}

type canaries struct {
	*harness.Sandbox
	admin string
	all   []canary
}

func (c *canaries) put(name, value string) string {
	c.T.Helper()
	if len(value) < 6 {
		c.T.Fatalf("%s: %q would be found by chance", name, value)
	}
	c.all = append(c.all, canary{name, value, places[name]})
	return value
}

// A journey in which every input can be recognised; then everything that is
// kept, said or sent is searched for it, in clear and in the usual encodings.
//
// Rows: 16, 44
func TestCanaries(t *testing.T) {
	t.Parallel()
	for engine, format := range map[string]string{"sqlite": "text", "postgres": "json"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := &canaries{admin: harness.FreeAddr(t)}
			c.Sandbox = harness.Start(t, engine, "KORTVERK_ADMIN_ADDR="+c.admin, "KORTVERK_LOG_FORMAT="+format)
			pin := c.journey()
			found := map[string]string{"metrics": get(t, "http://"+c.admin+"/metrics"), "mail": c.mailbox(), "bureau": c.batches(), "address": c.addresses()}
			c.database(engine, pin, found)
			c.Stop()
			found["log"] = c.Log.String()
			if engine == "sqlite" {
				c.database(engine, pin, found)
			}
			c.files(found)
			c.search(found)
		})
	}
}

func (c *canaries) journey() (pin string) {
	t := c.T
	t.Helper()
	alva, tove, jonas, ivar := c.SignIn("alva"), c.SignIn("tove"), c.SignIn("jonas"), c.SignIn("ivar")
	for _, p := range c.Cast {
		n := p.PersonalNumber
		c.put("personal number", n)
		c.put("personal number", n[:8]+"-"+n[8:])
		c.put("personal number", n[2:8]+"-"+n[8:])
	}
	c.put("reader key", c.Reader.Key)
	c.strangers()
	line := c.ordered(alva)
	tove.Review(line)
	c.forward("31s")
	link := c.Mail(jonas.Who.Email, `/a/`)
	c.put("approval link", link[strings.LastIndex(link, "/")+1:])
	page := jonas.Try("GET", link, nil).Location
	eid := jonas.Post(page, url.Values{
		"revision": {jonas.Revision(jonas.Get(page))}, "phone": {c.put("own phone", "+46701740622")}, "street": {c.put("own street", "Kvanarygatan 9")},
		"postcode": {"111 22"}, "city": {c.put("own city", "Kvanarystad")}, "country": {"SE"},
	})
	c.put("eID transaction", eid[strings.LastIndex(eid, "/")+1:])
	c.put("session", jonas.Cookies["__Host-sid"])
	jonas.Identify(eid)
	number := c.Number("Petraitis")
	jonas.Try("POST", "/me/cards/"+number+"/activate", url.Values{"digits": {c.put("digits typed", "918273")}})
	pin = jonas.Activate(number)
	jonas.Try("POST", "/me/cards/"+number+"/pin", url.Values{"number": {c.put("number typed", "BB-9182-736455")}})
	block := "/me/cards/" + number + "/block"
	jonas.Post(block, url.Values{"revision": {jonas.Revision(jonas.Get(block))}, "reason": {"other"}, "note": {c.put("note", "kvnotecanary")}})
	c.officer(ivar)
	for who, p := range map[string]*harness.Program{"alva": alva, "tove": tove, "jonas": jonas, "ivar": ivar} {
		c.put("session", p.Cookies["__Host-sid"])
		c.put("browser", p.Cookies["__Host-browser"])
		_ = who
	}
	return strings.ReplaceAll(pin, " ", "")
}

// ordered walks the wizard, wrongly at first, and answers the line.
func (c *canaries) ordered(alva *harness.Program) string {
	c.T.Helper()
	draft := strings.TrimSuffix(alva.Post(c.Company("furuborg")+"/orders/new", url.Values{}), "/who")
	alva.Try("POST", draft+"/who", url.Values{
		"given_name": {c.put("draft's name", "Kvdraftgiven")}, "surname": {c.put("draft's name", "Kvdraftsurname")}, "personal_number": {c.put("number that is none", "199012319876")},
		"email": {c.put("draft's e-mail", "kvdraft@kvdraft.example")}, "phone": {c.put("draft's phone", "+46701740633")}, "lang": {"sv"}, "nationality": {"SE"}, "revision": {alva.Revision(alva.Get(draft + "/who"))},
	})
	review := alva.Draft("jonas")
	at := strings.TrimSuffix(review, "/review")
	picture := phototest.With(phototest.AsJPEG(phototest.Portrait(600, 820)), 0xE1, phototest.EXIF(binary.BigEndian, 1, nil))
	a := post(alva, at+"/photo", form{{name: "action", body: "upload"}, {name: "revision", body: alva.Revision(alva.Get(at + "/photo"))}, {name: "photo", file: c.put("file name", "kvfilename.jpg"), kind: "image/jpeg", body: string(picture)}})
	if a.Status != 303 {
		c.T.Fatalf("photo: %d\n%s", a.Status, harness.Text(a.Body))
	}
	c.put("EXIF", phototest.Canary)
	alva.Post(at+"/delivery", url.Values{
		"revision": {alva.Revision(alva.Get(at + "/delivery"))}, "address": {"new"}, "name": {c.put("delivery", "Kvdeliveryname")}, "line1": {c.put("delivery", "Kvdeliveryline 1")}, "care_of": {c.put("delivery", "Kvdeliverycare")},
		"postcode": {"111 22"}, "city": {c.put("delivery", "Kvdeliverycity")}, "country": {"SE"}, "reference": {c.put("reference", "KVREFCANARY")}, "cost_centre": {c.put("cost centre", "KVCOSTCANARY")},
	})
	line := alva.LineOf(alva.Post(review, url.Values{"revision": {alva.Revision(alva.Get(review))}}))
	alva.Try("POST", c.Company("furuborg")+"/cards", url.Values{"q": {c.put("search", "kvsearchcanary")}})
	return line
}

// strangers bring what programs bring: addresses, headers and bodies of nobody.
func (c *canaries) strangers() {
	c.T.Helper()
	nobody := c.Stranger()
	odd := http.Header{
		"Referer": {"https://kvreferer.example/" + c.put("header", "kvreferercanary")}, "X-Forwarded-For": {c.put("header", "203.0.113.77")}, "X-Request-Id": {c.put("header", "kvrequestid")},
		"Authorization": {"Bearer " + c.put("key typed", "kvkeycanary")}, "Traceparent": {c.put("header", "00-kvtracecanary-01")},
	}
	for _, path := range []string{"/" + c.put("address typed", "kvpathcanary"), "/check?x=" + c.put("query typed", "kvquerycanary"), "/a/" + c.put("link typed", "kvlinkcanary"), "/i/kvlinkcanary", "/k/kvpathcanary", "/reader/v1/cards/kvpathcanary"} {
		raw(nobody, "GET", path, odd, nil)
	}
	raw(nobody, "GET", c.Reader.URL[len(c.Product.URL):], odd, nil)
	raw(nobody, "POST", "/bureau/v1/receipts", http.Header{"Content-Type": {"application/json"}, "Signature": {c.put("header", "kvsignaturecanary")}}, []byte(`{"kv":"`+c.put("body typed", "kvbodycanary")+`"}`))
	nobody.Try("POST", "/check", url.Values{"number": {c.put("number typed", "BB-8172-635446")}})
	nobody.Try("POST", "/check", url.Values{"number": {c.put("number typed", "kvnumbercanary")}})
}

// officer invites somebody whose mail is refused, and holds a company.
func (c *canaries) officer(ivar *harness.Program) {
	c.T.Helper()
	email := c.put("invited e-mail", "kvinvited@kvinvited.example")
	c.Call("PUT", c.World.Mail+"/_sim/knobs", map[string]any{"refuse": []string{email}}, nil)
	ivar.Post("/office/staff/invite", url.Values{"role": {"reviewer"}, "given_name": {c.put("invited name", "Kvinvitedgiven")}, "surname": {c.put("invited name", "Kvinvitedsurname")}, "email": {email}, "lang": {"sv"}})
	c.Wait("the refused mail", func() bool { return strings.Contains(c.Log.String(), "refused") })
	norrsken := "/office/companies/" + strings.TrimPrefix(c.Company("norrsken"), "/o/")
	ivar.Post(norrsken+"/hold", url.Values{"revision": {ivar.Revision(ivar.Get(norrsken + "/hold"))}, "reason": {"other"}, "note": {c.put("hold's note", "kvholdcanary")}})
}

func (c *canaries) forward(d string) { (&texting{Sandbox: c.Sandbox}).forward(d) }

func (c *canaries) mailbox() string {
	c.T.Helper()
	var mails json.RawMessage
	c.Call("GET", c.World.Mail+"/_sim/mails", nil, &mails)
	return string(mails)
}

func (c *canaries) batches() string {
	c.T.Helper()
	var batches json.RawMessage
	c.Call("GET", c.World.Bureau+"/_sim/batches", nil, &batches)
	return string(batches)
}

// addresses are all that pages link and post to, for everybody.
func (c *canaries) addresses() string {
	c.T.Helper()
	var b strings.Builder
	for who, from := range map[string][]string{"alva": {c.Company("furuborg")}, "jonas": {"/me", "/me/account"}, "tove": {"/office"}, "ivar": {"/office/companies", "/office/staff", "/office/events", "/office/jobs", "/office/batches"}} {
		crawl(c.SignIn(who), from, func(path string, _ harness.Answer, root *webtest.Node) {
			b.WriteString(path + "\n")
			root.Walk(func(n *webtest.Node) {
				for _, attr := range []string{"href", "src", "action", "formaction"} {
					if v := n.Attrs[attr]; !strings.HasPrefix(v, "mailto:") && !strings.HasPrefix(v, "tel:") {
						b.WriteString(v + "\n")
					}
				}
			})
		})
	}
	return b.String()
}

// database reads every column of every row; the PIN is no column's value.
func (c *canaries) database(engine, pin string, found map[string]string) {
	t := c.T
	t.Helper()
	driver, source, list := "sqlite", "file:"+filepath.Join(c.Data, "kortverk.db")+"?mode=ro", `SELECT name FROM sqlite_master WHERE type = 'table'`
	if engine == "postgres" {
		driver, source, list = "pgx", "", `SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'`
		for _, v := range c.Cmd.Env {
			if a, ok := strings.CutPrefix(v, "KORTVERK_DATABASE_URL="); ok {
				source = a
			}
		}
	}
	d, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	columns := 0
	for _, table := range column(t, d, list) {
		for name, text := range values(t, d, strings.Trim(table, `"`), table) {
			columns++
			if slices.Contains(strings.Split(text, "\n"), pin) && !strings.HasSuffix(name, ".id") {
				t.Errorf("%s has the PIN", name)
			}
			found[name] = text
		}
	}
	if columns < 150 {
		t.Errorf("%d columns were read", columns)
	}
}

func column(t testing.TB, d *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := d.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// values are a table's columns, each with its values on lines of their own.
func values(t testing.TB, d *sql.DB, name, quoted string) map[string]string {
	t.Helper()
	rows, err := d.Query("SELECT * FROM " + quoted)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	row, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		at[i] = &row[i]
		out[name+"."+columns[i]] = ""
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if v != nil {
				out[name+"."+columns[i]] += fmt.Sprint(v) + "\n"
			}
		}
	}
	return out
}

// files are all that the product wrote into its folder; SQLite's too, with
// what it no longer needs.
func (c *canaries) files(found map[string]string) {
	c.T.Helper()
	err := filepath.WalkDir(c.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "world" {
			return filepath.SkipDir // the world is everybody else: it has what it was sent
		}
		if name := d.Name(); !d.IsDir() && name != "dev.json" && name != "reader.key" {
			data, err := os.ReadFile(path)
			found["file "+name] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		c.T.Error(err)
	}
}

func (c *canaries) search(found map[string]string) {
	t := c.T
	t.Helper()
	if !strings.Contains(found["log"], "/me/cards/{number}/activate") {
		t.Error("the log says nothing about requests")
	}
	if !strings.Contains(found["metrics"], "/me/cards/{number}/activate") {
		t.Error("the metrics say nothing about requests")
	}
	seen := map[string]bool{}
	for _, k := range c.all {
		for place, text := range found {
			if k.name == "digits typed" && strings.Contains(place, ".") && !strings.HasPrefix(place, "journal") || !appears(text, k.value) {
				continue // six digits stand in many numbers
			}
			seen[k.name+" in "+place] = true
			inFile := strings.HasPrefix(place, "file kortverk.db") && slices.ContainsFunc(k.may, func(p string) bool { return strings.Contains(p, ".") })
			if !inFile && !slices.Contains(k.may, place) {
				t.Errorf("%s (%.12s…) stands in %s", k.name, k.value, place)
			}
		}
		if len(k.may) > 0 && !slices.ContainsFunc(k.may, func(p string) bool { return appears(found[p], k.value) }) {
			t.Errorf("%s is nowhere, also not in %v: the test doesn't look well", k.name, k.may)
		}
	}
}

// appears tells whether a text holds another, as it is or encoded.
func appears(text, value string) bool {
	if len(text) < len(value) {
		return false
	}
	forms := []string{value, strings.ToLower(value), strings.ToUpper(value), hex.EncodeToString([]byte(value)), url.QueryEscape(value), url.PathEscape(value)}
	for shift := range 3 { // base64 of a longer text that holds it
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + value))
		from, to := []int{0, 2, 3}[shift], len(coded)-[]int{0, 1, 1}[(shift+len(value))%3]
		forms = append(forms, coded[from:to], strings.NewReplacer("+", "-", "/", "_").Replace(coded[from:to]))
	}
	return slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(text, f) })
}

func TestAppears(t *testing.T) {
	for _, text := range []string{"x kvcanaryx", "KVCANARY", hex.EncodeToString([]byte("zkvcanaryz"))} {
		if !appears(text, "kvcanary") {
			t.Errorf("not found in %q", text)
		}
	}
	for before := range 6 {
		for after := range 4 {
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", before) + "kvcanary" + strings.Repeat("b", after)))
			if !appears(coded, "kvcanary") {
				t.Errorf("not found in %q (%d, %d)", coded, before, after)
			}
		}
	}
	if appears("kvcanar ykvcanar", "kvcanary") {
		t.Error("found where it isn't")
	}
}
