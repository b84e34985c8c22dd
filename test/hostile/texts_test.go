package hostile

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/web/webtest"
	"github.com/kortverk/kortverk/test/harness"
)

// texting sends the corpus through every text field that a walk over the pages
// finds, as every role, in every stage of a card's life.
type texting struct {
	*harness.Sandbox
	people map[string]*harness.Program
	own    string // the addresses of the product and its world begin with this
	texts  []string
	done   map[string]bool // forms, by their keys
	posts  map[string]bool // routes that a form was found for
	shown  int             // texts that were seen on pages, as texts
}

// Whatever is typed, a page shows it as text or says what is wrong with it and
// keeps it; a mail, a message to the bureau and a log line have what they have.
//
// Rows: 14
func TestTexts(t *testing.T) {
	t.Parallel()
	engines := []string{"sqlite"}
	if long {
		engines = append(engines, "postgres")
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			x := &texting{Sandbox: harness.Start(t, engine), people: map[string]*harness.Program{}, done: map[string]bool{}, posts: map[string]bool{}, own: "localhost:", texts: packed()}
			for _, who := range []string{"alva", "tove", "maj", "ivar", "jonas"} {
				x.people[who] = x.SignIn(who)
			}
			x.life()
			x.wildcards()
			x.mails()
			x.bureau()
			x.everyForm()
			if x.shown < 20 {
				t.Errorf("only %d pages showed a hostile text: nothing was tried", x.shown)
			}
			if log := x.Log.String(); strings.Contains(log, "kvh") || strings.Contains(log, "panic") || strings.Contains(log, "level=ERROR") {
				t.Error("the log has a text that was typed, or an error")
			}
		})
	}
}

// packed puts several texts into one, to save requests; the long form doesn't.
func packed() []string {
	all := corpus()
	if long {
		return all
	}
	var out []string
	for pack := range slices.Chunk(all, 8) {
		one := ""
		for _, s := range pack {
			if len(s) > 1000 {
				out = append(out, s)
				continue
			}
			one += s + " "
		}
		out = append(out, one)
	}
	return out
}

const hostileName = `<kvh onkvh=1>"'&{{7*7}}`

// life walks a card through its stages and attacks all forms that each has.
func (x *texting) life() {
	alva, tove, jonas := x.people["alva"], x.people["tove"], x.people["jonas"]
	x.post("ivar", "/office/companies/new", "name="+url.QueryEscape(hostileName+" AB")+"&organisation_number=556036-0793&country=SE&line1="+url.QueryEscape(hostileName)+"&postcode=111+22&city="+url.QueryEscape(hostileName))
	rejected := x.order("piotr")
	alva.Draft("amina")
	line := x.order("jonas")
	tove.Post("/office/review/"+rejected+"/reject", url.Values{"revision": {tove.Revision(tove.Get("/office/review/" + rejected))}, "reason": {"other"}, "text": {packedNote}})
	norrsken := "/office/companies/" + strings.TrimPrefix(x.Company("norrsken"), "/o/")
	x.people["ivar"].Post(norrsken+"/hold", url.Values{"revision": {x.people["ivar"].Revision(x.people["ivar"].Get(norrsken + "/hold"))}, "reason": {"other"}, "note": {hostileName}})
	x.stage("ordered")
	tove.Post("/office/review/"+line+"/pass", url.Values{"revision": {tove.Revision(tove.Get("/office/review/" + line))}})
	x.forward("31s")
	jonas.Get(x.Mail(jonas.Who.Email, `/a/`))
	x.stage("to be approved")
	page := "/me/approve/" + line
	eid := jonas.Post(page, url.Values{
		"revision": {jonas.Revision(jonas.Get(page))}, "phone": {jonas.Who.Phone}, "street": {hostileName}, "postcode": {"111 22"}, "city": {hostileName}, "country": {"SE"},
	})
	jonas.Identify(eid)
	number := x.Number("Petraitis")
	x.stage("made")
	jonas.Activate(number)
	x.stage("activated")
	block := "/me/cards/" + number + "/block"
	jonas.Post(block, url.Values{"revision": {jonas.Revision(jonas.Get(block))}, "reason": {"other"}, "note": {packedNote}})
	x.stage("blocked")
	unblock := x.Company("furuborg") + "/cards/" + number + "/unblock"
	alva.Post(unblock, url.Values{"revision": {alva.Revision(alva.Get(unblock))}, "note": {hostileName}})
	terminate := x.Company("furuborg") + "/cards/" + number + "/terminate"
	alva.Post(terminate, url.Values{"revision": {alva.Revision(alva.Get(terminate))}, "reason": {"other"}, "note": {packedNote}})
	x.stage("ended")
}

// packedNote is as much as a note takes.
var packedNote = func() string {
	one := ""
	for _, s := range slices.Concat(markup(), lines()) {
		if len([]rune(one+s)) < 480 {
			one += s + " "
		}
	}
	return one
}()

// post sends a form that must be taken.
func (x *texting) post(who, path, body string) string {
	x.T.Helper()
	form, err := url.ParseQuery(body)
	if err != nil {
		x.T.Fatal(err)
	}
	return x.people[who].Post(path, form)
}

// order orders a card with hostile words in all fields that take any, and
// answers the line.
func (x *texting) order(holder string) string {
	x.T.Helper()
	alva := x.people["alva"]
	review := alva.Draft(holder)
	delivery := strings.TrimSuffix(review, "/review") + "/delivery"
	alva.Post(delivery, url.Values{
		"revision": {alva.Revision(alva.Get(delivery))}, "address": {"new"}, "name": {hostileName}, "line1": {hostileName}, "care_of": {hostileName}, "postcode": {"111 22"}, "city": {hostileName},
		"country": {"SE"}, "reference": {hostileName}, "cost_centre": {hostileName},
	})
	line := alva.LineOf(alva.Post(review, url.Values{"revision": {alva.Revision(alva.Get(review))}}))
	return line[strings.LastIndex(line, "/")+1:]
}

func (x *texting) forward(d string) {
	x.T.Helper()
	req := url.Values{"forward": {d}}
	if a := x.Stranger().Try("POST", x.World.Clock, req); a.Status >= 400 {
		x.T.Fatalf("the clock: %d", a.Status)
	}
}

// stage opens all pages as everybody, looks at them, and attacks the forms
// that weren't there before.
func (x *texting) stage(name string) {
	x.T.Helper()
	start := map[string][]string{"alva": {x.Company("furuborg"), "/me", "/check"}, "jonas": {"/me", "/me/account", "/check"}}
	for who, p := range x.people {
		from := start[who]
		if from == nil {
			from = []string{"/office", "/me", "/office/companies", "/office/batches", "/office/staff", "/office/events", "/office/jobs"}
		}
		for _, f := range crawl(p, from, x.looks) {
			path := strings.SplitN(f.action, "?", 2)[0]
			if strings.HasPrefix(path, "/me/approve/") && strings.Count(path, "/") == 3 && !x.done["contact"] {
				x.done["contact"] = true
				also := f
				also.action = path + "/contact" // the same fields, kept without signing
				x.posts["POST /me/approve/{}/contact"] = true
				x.attack(also)
			}
			x.posts[f.method+" "+idForm.ReplaceAllString(path, "{}")] = true
			if len(f.texts) > 0 && !x.done[f.key()] && !strings.HasSuffix(f.action, "/pass") { // which shares the field of /reject, and would be taken
				x.done[f.key()] = true
				x.T.Logf("%s, %s: %s", name, who, f.key())
				x.attack(f)
				for form, other := range siblings {
					if strings.HasSuffix(path, form) {
						also := f
						also.action = strings.TrimSuffix(path, form) + other
						x.posts["POST "+idForm.ReplaceAllString(also.action, "{}")] = true
						x.attack(also)
					}
				}
			}
		}
	}
}

// siblings take the same fields, from the page's script.
var siblings = map[string]string{"/who": "/preview", "/correct": "/preview"}

// looks asserts that a page's texts are texts.
func (x *texting) looks(path string, a harness.Answer, root *webtest.Node) {
	x.T.Helper()
	if a.Status >= 500 {
		x.T.Errorf("%s: %d", path, a.Status)
	}
	for _, what := range alive(root, x.own) {
		x.T.Errorf("on %s a text came to life: %.200s", path, what)
	}
	if strings.ContainsFunc(a.Body, unseen) || !utf8.ValidString(a.Body) {
		x.T.Errorf("%s has characters that nobody sees", path)
	}
	if strings.Contains(strings.ToLower(a.Body), "<kvh") {
		x.T.Errorf("%s repeats an element as it was typed", path)
	}
	if strings.Contains(a.Body, "&lt;kvh") {
		x.shown++
	}
	if strings.Contains(a.Body, "'&amp;49") || len(a.Body) > 1_000_000 {
		x.T.Errorf("%s works out what was typed, or has %d bytes", path, len(a.Body))
	}
}

func unseen(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// attack sends every text through every text field of a form: first with the
// choices left out, so that the form comes back; then as if it were meant.
func (x *texting) attack(f found) {
	x.T.Helper()
	fields := f.texts
	try := func(form url.Values) {
		var a harness.Answer
		if f.method == "POST" {
			a = f.by.Try("POST", f.action, form)
		} else {
			a = f.by.Try("GET", strings.SplitN(f.action, "?", 2)[0]+"?"+form.Encode(), nil)
		}
		x.judge(f, form, a)
	}
	for i, text := range x.texts {
		form := maps.Clone(f.values)
		if ends.MatchString(f.action) {
			form.Set("revision", "0") // of nothing that there is
		}
		for k, name := range fields {
			form[name] = []string{x.texts[(i+k)%len(x.texts)]}
		}
		try(form)
		if !long {
			continue
		}
		for _, name := range fields {
			alone := maps.Clone(form)
			for _, other := range fields {
				alone[other] = f.values[other]
			}
			alone[name] = []string{text}
			try(alone)
		}
	}
	meant := maps.Clone(f.values)
	maps.Copy(meant, f.ticks)
	for _, name := range fields {
		meant[name] = []string{hostileName}
	}
	if !ends.MatchString(f.action) {
		try(meant)
	}
}

// ends are forms that would end what the next stages need.
var ends = regexp.MustCompile(`/(reject|terminate|block|remake|return|unblock|cancel|hold)$`)

// judge looks at the answer to hostile texts.
func (x *texting) judge(f found, form url.Values, a harness.Answer) {
	x.T.Helper()
	switch a.Status {
	case 200, 303, 403, 404, 409, 413, 422, 429:
	default:
		x.T.Errorf("%s: %d", f.key(), a.Status)
	}
	if strings.ContainsAny(a.Location, "\r\n") || strings.Contains(a.Location, "kvh") {
		x.T.Errorf("%s leads to %.200q", f.key(), a.Location)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		return
	}
	root, err := webtest.Parse(a.Body)
	if err != nil {
		x.T.Errorf("%s answers with what can't be read: %v", f.key(), err)
		return
	}
	x.looks(f.key(), a, root)
	if a.Status != 422 {
		return
	}
	if len(root.All(".kv-err")) == 0 && root.One("[role=alert]") == nil && root.One("h1") == nil {
		x.T.Errorf("%s: nothing says what is wrong", f.key())
	}
	for _, name := range f.texts {
		typed := form.Get(name)
		if len(typed) > 1000 || forgets[name] {
			continue
		}
		if got, there := value(root, name); there && squeezed(got) != squeezed(typed) {
			x.T.Errorf("%s: %s held %.200q and comes back as %.200q", f.key(), name, typed, got)
		}
	}
}

// forgets: fields that are empty again on purpose.
var forgets = map[string]bool{"digits": true, "number": true}

func value(root *webtest.Node, name string) (string, bool) {
	for _, n := range root.All("input[name]") {
		if n.Attrs["name"] == name && n.Attrs["type"] != "hidden" {
			return n.Attrs["value"], true
		}
	}
	for _, n := range root.All("textarea[name]") {
		if n.Attrs["name"] == name {
			return n.Text(), true
		}
	}
	return "", false
}

// squeezed is a text without what browsers and forms may change in it: blanks,
// and what can't be shown.
func squeezed(s string) string {
	s = strings.Map(func(r rune) rune {
		if unseen(r) || r&0xFFFE == 0xFFFE {
			return utf8.RuneError
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// wildcards mean themselves: they find nothing, where the name finds the card.
func (x *texting) wildcards() {
	x.T.Helper()
	alva, list := x.people["alva"], x.Company("furuborg")+"/cards"
	hits := func(q string) int { return strings.Count(alva.Try("POST", list, url.Values{"q": {q}}).Body, list+"/") }
	if hits("Petraitis") == 0 {
		x.T.Fatal("the search doesn't find the card at all")
	}
	none := hits("Xyzzyx")
	for _, q := range []string{"%", "_", "%%", "%etraitis", "P_traitis", "P%s", "*", "*etraitis", "P*s", "?", "[A-Z]", "' OR '1'='1", `\%`, "%25", ".*", "Petraitis OR Xyzzyx", "NOT Xyzzyx", "\"", "(", "\x00"} {
		if got := hits(q); got != none {
			x.T.Errorf("a search for %q finds %d links, for nothing %d", q, got, none)
		}
	}
}

// mails: only to people, with one subject and the links that they have.
func (x *texting) mails() {
	x.T.Helper()
	var mails []struct {
		To               []string
		Subject, HTML    string
		Text, To_Header  string
		Problem, Message string
		Links            []struct{ URL string }
	}
	x.Call("GET", x.World.Mail+"/_sim/mails", nil, &mails)
	if len(mails) < 5 {
		x.T.Errorf("%d mails", len(mails))
	}
	known := map[string]bool{}
	for _, p := range x.Cast {
		known[strings.ToLower(p.Email)] = true
	}
	for _, m := range mails {
		if len(m.To) != 1 || !known[strings.ToLower(m.To[0])] || m.Problem != "" {
			x.T.Errorf("a mail to %q: %s", m.To, m.Problem)
		}
		if strings.ContainsFunc(m.Subject+m.HTML+m.Text, unseen) || strings.ContainsAny(m.Subject, "\r\n") {
			x.T.Errorf("a mail with characters that nobody sees: %q", m.Subject)
		}
		for _, l := range m.Links {
			if !strings.HasPrefix(l.URL, x.Product.URL) {
				x.T.Errorf("a mail leads to %s", l.URL)
			}
		}
		if strings.Contains(strings.ToLower(m.HTML), "<kvh") || strings.Contains(strings.ToLower(m.HTML), "<script") {
			x.T.Errorf("a mail repeats an element as it was typed: %s", m.Subject)
		}
	}
}

// bureau: what it got says what was typed.
func (x *texting) bureau() {
	x.T.Helper()
	var batches json.RawMessage
	x.Call("GET", x.World.Bureau+"/_sim/batches", nil, &batches)
	if !json.Valid(batches) || !utf8.Valid(batches) {
		x.T.Error("the bureau has no JSON")
	}
	page := get(x.T, x.World.Bureau)
	if strings.Contains(strings.ToLower(page), "<kvh") {
		x.T.Error("the bureau's page repeats an element as it was typed")
	}
}

// everyForm: each route that takes a form was reached by the walk, or stands
// here with the reason why not.
func (x *texting) everyForm() {
	x.T.Helper()
	for _, r := range routes(x.T) {
		if r.method != "POST" || unreached[r.path] != "" {
			continue
		}
		kind := placeholder.ReplaceAllString(strings.ReplaceAll(r.path, "/{lines}/", "/lines/"), "{}")
		if !x.posts["POST "+kind] {
			x.T.Errorf("no form that posts to %s was found: its texts are not tried", r.path)
		}
	}
}

// unreached: routes that the walk doesn't come to, and why that is well.
var unreached = map[string]string{
	"/eid/{id}/cancel":                       "no text; TestSessionFixation",
	"/i/{token}":                             "no text",
	"/me/account/sessions/{id}/end":          "no text",
	"/me/approve/{line}/name":                "no text; only where the eID has another name",
	"/o/{company}/orders/new/{line}/remove":  "no text; only with two people in an order",
	"/office/invitations/{id}/withdraw":      "no text",
	"/office/jobs/{id}/retry":                "no text; only for a job that failed for good",
	"/office/lines/{line}/recheck":           "no text; only for a line that could not be made",
	"/office/lines/{line}/return-incomplete": "no text; the same",
	"/office/notices/{id}/settle":            "no text; only for a receipt that doesn't fit",
	"/office/items/{item}/remake":            "only for a card that failed for good; its note is of the kind of the other notes",
	"/office/items/{item}/return":            "the same",
	"/office/restored":                       "only after a restore: test/restore",
	"/office/restored/{id}":                  "the same",
}
