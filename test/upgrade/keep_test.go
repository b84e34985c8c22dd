package upgrade

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

// TestKeepRelease makes the database of the release that is built now: the
// sandbox, walked until every line, card, item and mail state occurs, and ended
// as a power cut would. It is run by `make keep-release`, once per release.
func TestKeepRelease(t *testing.T) {
	into := os.Getenv("KV_KEEP_RELEASE")
	if into == "" {
		t.Skip("makes files; make keep-release runs it")
	}
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) { keep(t, engine, filepath.Join(into, engine)) })
	}
}

func keep(t *testing.T, engine, into string) {
	var env []string
	o := db.Options{}
	if engine == dbtest.Postgres {
		o = dbtest.Options(t, engine)
		env = append(env, "KORTVERK_DATABASE_URL="+o.URL)
	}
	s := harness.Start(t, dbtest.SQLite, env...)
	if engine == dbtest.SQLite {
		o.Path = filepath.Join(s.Data, "kortverk.db")
	}
	f := walk(s)
	s.Kill()
	if err := os.MkdirAll(into, 0o755); err != nil {
		t.Fatal(err)
	}
	lighten(t, o)
	count(t, o, f)
	var dump []byte
	if engine == dbtest.SQLite {
		to := filepath.Join(t.TempDir(), "snapshot.db")
		if err := db.SnapshotSQLite(t.Context(), o.Path, to); err != nil {
			t.Fatal(err)
		}
		dump = read(t, to)
	} else {
		cmd := exec.Command("pg_dump", "--inserts", "--no-owner", "--no-privileges", "-d", o.URL)
		cmd.Stderr = os.Stderr
		var err error
		if dump, err = cmd.Output(); err != nil {
			t.Fatal(err)
		}
	}
	name := map[string]string{dbtest.SQLite: "kortverk.db.gz", dbtest.Postgres: "dump.sql.gz"}[engine]
	write(t, filepath.Join(into, name), pack(t, dump))
	write(t, filepath.Join(into, "keys.json"), read(t, filepath.Join(s.Data, "keys.json")))
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(into, "facts.json"), append(text, '\n'))
}

// walk leaves somebody in every state that there is.
func walk(s *harness.Sandbox) *harness.Facts {
	f := &harness.Facts{Companies: map[string]string{}, Reader: s.Reader.Key, States: map[string]int64{}, Rows: map[string]int64{}}
	for _, c := range s.Companies {
		f.Companies[c.Cast] = c.ID
	}
	alva, tove, ivar := s.SignIn("alva"), s.SignIn("tove"), s.SignIn("ivar")
	office := &desk{s: s, alva: alva, tove: tove}
	holders := map[string]*harness.Program{}
	for _, id := range []string{"jonas", "samuel", "piotr", "amina", "janis"} {
		holders[id] = office.approved(id)
	}
	numbers := map[string]string{}
	for id, holder := range holders {
		numbers[id] = s.Number(s.Person(id).Surname)
		if id != "janis" {
			holder.Activate(numbers[id])
		}
	}
	page := s.Company("furuborg") + "/cards/"
	alva.Post(page+numbers["piotr"]+"/block", url.Values{"revision": {alva.Revision(alva.Get(page + numbers["piotr"] + "/block"))}, "reason": {"stolen"}})
	alva.Post(page+numbers["amina"]+"/terminate", url.Values{"revision": {alva.Revision(alva.Get(page + numbers["amina"] + "/terminate"))}, "reason": {"employment_ended"}})
	office.atTheBureau()
	office.onTheWay()
	held := "/office/companies/" + f.Companies["zolcinski"]
	ivar.Post(held+"/hold", url.Values{"revision": {ivar.Revision(ivar.Get(held + "/hold"))}, "reason": {"agreement"}})
	for id, number := range numbers {
		v := s.Check(number)
		f.Cards = append(f.Cards, harness.KeptCard{Holder: id, Number: number, Reason: v.Reason, ValidUntil: v.ValidUntil})
	}
	slices.SortFunc(f.Cards, func(a, b harness.KeptCard) int { return strings.Compare(a.Number, b.Number) })
	f.Cookies = alva.Cookies
	return f
}

// desk is who orders and who reviews.
type desk struct {
	s          *harness.Sandbox
	alva, tove *harness.Program
}

// ordered sends an order with a picture that takes little room.
func (d *desk) ordered(holder string) (line string) {
	d.s.T.Helper()
	d.s.Photo = small(d.s.T)
	_, line = d.alva.Order(holder)
	return line
}

func (d *desk) awaiting(holder string) (line string) {
	d.s.T.Helper()
	line = d.ordered(holder)
	d.tove.Review(line)
	d.forward("31s")
	return line
}

func (d *desk) approved(holder string) *harness.Program {
	d.s.T.Helper()
	d.awaiting(holder)
	p := d.s.SignIn(holder)
	p.Approve()
	return p
}

// forward moves business time, so that what a reviewer may still undo is certain.
func (d *desk) forward(by string) {
	d.s.T.Helper()
	p := d.s.Stranger()
	if a := p.Try("POST", d.s.World.Clock, url.Values{"forward": {by}}); a.Status >= 400 {
		d.s.T.Fatalf("clock: %d", a.Status)
	}
}

// atTheBureau leaves items that were sent, remade, made, and wait in a batch
// whose delivery is a dead job.
func (d *desk) atTheBureau() {
	s := d.s
	s.Call("PUT", s.World.Bureau+"/_sim/knobs", map[string]any{"automatic": false}, nil)
	d.approved("ivar")
	batch, card := d.sent("ivar")
	at := s.World.Bureau + "/_sim/batches/" + batch + "/cards/" + card
	s.Call("POST", at+"/fail?code=JAM", nil, nil)
	d.sent("ivar", card)
	d.approved("maj")
	batch, card = d.sent("maj")
	s.Call("POST", s.World.Bureau+"/_sim/batches/"+batch+"/cards/"+card+"/produce", nil, nil)
	s.Call("PUT", s.World.Bureau+"/_sim/knobs", map[string]any{"refuse": "refused"}, nil)
	d.approved("darius")
	d.s.Wait("the delivery that the bureau refuses", func() bool { return strings.Contains(d.s.Log.String(), "bureau.refused") })
}

// sent waits for a person's card, other than those, in a batch at the bureau.
func (d *desk) sent(holder string, but ...string) (batch, card string) {
	d.s.T.Helper()
	surname := d.s.Person(holder).Surname
	d.s.Wait("the item of "+surname, func() bool {
		var batches []struct {
			Batch string
			Cards []struct {
				CardID  string `json:"card_id"`
				Surname string
			}
		}
		d.s.Call("GET", d.s.World.Bureau+"/_sim/batches", nil, &batches)
		for _, b := range batches {
			for _, c := range b.Cards {
				if c.Surname == surname && !slices.Contains(but, c.CardID) {
					batch, card = b.Batch, c.CardID
				}
			}
		}
		return card != ""
	})
	return batch, card
}

// onTheWay leaves lines in every state before production, a refused mail, and
// mails and jobs that wait.
func (d *desk) onTheWay() {
	s, alva := d.s, d.alva
	id := func(line string) string { return line[strings.LastIndex(line, "/")+1:] }
	s.Call("PUT", s.World.Mail+"/_sim/knobs", map[string]any{"refuse": []string{s.Person("halina").Email}}, nil)
	d.awaiting("halina")
	declined := "/me/approve/" + id(d.awaiting("alva"))
	alva.Post(declined+"/reject", url.Values{
		"revision": {alva.Revision(alva.Get(declined + "/reject"))}, "about": {"employer"}, "reason": {"I have left."},
	})
	cancelled := d.ordered("amina")
	alva.Post(cancelled+"/cancel", url.Values{"revision": {alva.Revision(alva.Get(cancelled + "/cancel"))}})
	rejected := d.ordered("bjorn")
	review := "/office/review/" + id(rejected)
	d.tove.Post(review+"/reject", url.Values{"revision": {d.tove.Revision(d.tove.Get(review))}, "reason": {"photo_light"}})
	d.ordered("tove") // whose own case is nobody's yet: there is one reviewer
	alva.Draft("janis")
}

// small is the least that is taken for a portrait.
func small(t testing.TB) []byte {
	picture := image.NewGray(image.Rect(0, 0, 300, 410))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.Gray{Y: 200}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 40}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lighten forgets the cards' drawings, most of what there is: an item without
// one is drawn at the next try.
func lighten(t *testing.T, o db.Options) {
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE batch_item SET artwork_id = NULL, artwork_svg_id = NULL`); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM blob WHERE media_type <> 'image/jpeg'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// count looks at what was left.
func count(t *testing.T, o db.Options, f *harness.Facts) {
	d, err := db.OpenReadOnly(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if f.Schema, err = d.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.States, f.Rows = states(t, d), rows(t, d)
}

func states(t *testing.T, d *db.DB) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, table := range []string{"order_line", "card", "batch", "batch_item", "job", "mail"} {
		for rows, err := d.SQL().Query("SELECT state, count(*) FROM " + table + " GROUP BY state"); ; {
			if err != nil {
				t.Fatal(err)
			}
			if !rows.Next() {
				rows.Close()
				break
			}
			var state string
			var n int64
			if err := rows.Scan(&state, &n); err != nil {
				t.Fatal(err)
			}
			out[table+" "+state] = n
		}
	}
	return out
}

func rows(t *testing.T, d *db.DB) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, table := range []string{
		"journal_entry", "person", "company", "company_address", "account", "account_grant", "session", "card_order", "order_line",
		"card", "card_number", "card_pin", "batch", "batch_item", "receipt", "mail", "job", "blob", "eid_evidence", "reader",
	} {
		var n int64
		if err := d.SQL().QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", table, err))
		}
		out[table] = n
	}
	return out
}

func pack(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
