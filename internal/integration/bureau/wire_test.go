package bureau

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/production"
)

func key(t testing.TB, seed byte) ed25519.PrivateKey {
	t.Helper()
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v is not a problem", err)
	}
	return p.Code
}

func TestSignature(t *testing.T) {
	ours, stranger := key(t, 1), key(t, 2)
	trust := NewKeys(public(ours))
	now := time.Unix(1795161600, 0)
	body := []byte("the order file")
	good := Sign(ours, now, body)
	for name, c := range map[string]struct {
		header string
		body   string
		at     time.Time
		want   string
	}{
		"as it should be":    {good, "the order file", now, ""},
		"five minutes later": {good, "the order file", now.Add(Skew), ""},
		"five minutes early": {good, "the order file", now.Add(-Skew), ""},
		"too late":           {good, "the order file", now.Add(Skew + time.Second), "signature_expired"},
		"from the future":    {good, "the order file", now.Add(-Skew - time.Second), "signature_expired"},
		"another body":       {good, "the order fil", now, "signature_invalid"},
		"a stranger":         {Sign(stranger, now, body), "the order file", now, "key_unknown"},
		"a stranger under our name": {
			strings.Replace(Sign(stranger, now, body), KeyID(public(stranger)), KeyID(public(ours)), 1),
			"the order file", now, "signature_invalid",
		},
		"another time":   {strings.Replace(good, "t=1795161600", "t=1795161601", 1), "the order file", now, "signature_invalid"},
		"none":           {"", "the order file", now, "signature_missing"},
		"rubbish":        {"rubbish", "the order file", now, "signature_invalid"},
		"twice a part":   {good + ",t=1795161600", "the order file", now, "signature_invalid"},
		"an added part":  {good + ",v=2", "the order file", now, ""},
		"huge time":      {"t=99999999999999999,keyid=a,sig=" + strings.Repeat("A", 86) + "==", "x", now, "signature_invalid"},
		"no base64":      {"t=1795161600,keyid=" + KeyID(public(ours)) + ",sig=%%%", "the order file", now, "signature_invalid"},
		"short":          {"t=1795161600,keyid=" + KeyID(public(ours)) + ",sig=AAAA", "the order file", now, "signature_invalid"},
		"nobody's":       {strings.Replace(good, "keyid="+KeyID(public(ours)), "keyid=", 1), "the order file", now, "signature_invalid"},
		"blanks between": {strings.ReplaceAll(good, ",", ", "), "the order file", now, ""},
	} {
		if got := codeOf(t, trust.Verify(c.header, []byte(c.body), c.at)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The bytes that are signed are written down for bureaus; they never change within version 1.
func TestSignedBytesAreAsDocumented(t *testing.T) {
	want := "kortverk-bureau-v1\n1795161600\n2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"
	if got := string(signedBytes(1795161600, []byte("hello"))); got != want {
		t.Errorf("%q", got)
	}
}

func FuzzSignature(f *testing.F) {
	ours := key(f, 1)
	now := time.Unix(1795161600, 0)
	f.Add(Sign(ours, now, []byte("x")), []byte("y"))
	f.Add("t=,keyid=,sig=", []byte(""))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if string(body) == "x" {
			return
		}
		if NewKeys(public(ours)).Verify(header, body, now) == nil {
			t.Errorf("%q is no signature of %q", header, body)
		}
	})
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	private, pub := filepath.Join(dir, "bureau.key"), filepath.Join(dir, "bureau.pub")
	if err := CreateKeyPair(private, pub); err != nil {
		t.Fatal(err)
	}
	k, err1 := LoadPrivateKey(private)
	p, err2 := LoadPublicKey(pub)
	if err1 != nil || err2 != nil || !public(k).Equal(p) {
		t.Errorf("%v %v", err1, err2)
	}
	if info, _ := os.Stat(private); info.Mode().Perm() != 0o600 {
		t.Errorf("the private key is %v", info.Mode())
	}
	if err := CreateKeyPair(private, pub); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second pair over the first: %v", err)
	}
	if _, err := LoadPrivateKey(pub); err == nil {
		t.Error("a public key is not a private one")
	}
	if _, err := LoadPublicKey(private); err == nil {
		t.Error("a private key is not a public one")
	}
}

// orderFile is a batch of n cards.
func orderFile(batch string, n int) production.OrderFile {
	f := production.OrderFile{Version: 1, Batch: batch, CreatedAt: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}
	for i := range n {
		id := "card-" + string(rune('a'+i))
		pdf, photo := []byte("%PDF-1.7 "+id), []byte("\xff\xd8 "+id)
		f.Cards = append(f.Cards, production.OrderCard{
			CardID: id, Number: "BB-1234-567897", Type: "standard", GivenName: "Žydrūnas", Surname: "Wojciechowska-Brzęczyszczykiewicz",
			Company: "Furuborg Bygg AB", OrganisationNumber: "559999-0016", ValidUntil: "2029-11-30", Artwork: pdf, ArtworkSHA256: Digest(pdf),
			ArtworkSVG: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), Photo: photo, PhotoSHA256: Digest(photo),
			Address: []string{"Furuborg Bygg AB", "Storgatan 1", "123 45  STAD"}, OrderRef: "B-7F3K29",
		})
	}
	return f
}

func TestOrderFileComesThroughUnchanged(t *testing.T) {
	f := orderFile("batch-1", 3)
	f.Cards[1].ArtworkSVG, f.Cards[2].Address = nil, nil
	body, err := Pack(f)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Pack(f)
	if err != nil || !bytes.Equal(body, again) {
		t.Error("the same batch packs to other bytes")
	}
	u, err := Unpack(body)
	if err != nil {
		t.Fatal(err)
	}
	if u.Batch != f.Batch || u.Count != 3 || !u.Created.Equal(f.CreatedAt) || len(u.Items) != 3 {
		t.Fatalf("%+v", u.Manifest)
	}
	for i, item := range u.Items {
		c := f.Cards[i]
		if item.GivenName != c.GivenName || item.Number != c.Number || !bytes.Equal(item.Artwork, c.Artwork) || !bytes.Equal(item.Photo, c.Photo) ||
			!bytes.Equal(item.ArtworkSVG, c.ArtworkSVG) || !slices.Equal(item.Address, c.Address) || item.OrderRef != c.OrderRef {
			t.Errorf("card %d: %+v", i, item.Record)
		}
	}
}

func TestOurOwnMistakesAreNotSent(t *testing.T) {
	for name, change := range map[string]func(f *production.OrderFile){
		"version":        func(f *production.OrderFile) { f.Version = 2 },
		"batch":          func(f *production.OrderFile) { f.Batch = "../etc" },
		"empty":          func(f *production.OrderFile) { f.Cards = nil },
		"card id":        func(f *production.OrderFile) { f.Cards[0].CardID = "a/b" },
		"no artwork":     func(f *production.OrderFile) { f.Cards[0].Artwork = nil },
		"damaged photo":  func(f *production.OrderFile) { f.Cards[0].Photo = []byte("other") },
		"damaged artwok": func(f *production.OrderFile) { f.Cards[0].Artwork = []byte("other") },
	} {
		f := orderFile("batch-1", 1)
		change(&f)
		if _, err := Pack(f); err == nil {
			t.Errorf("%s: packed", name)
		}
	}
}

// repack changes files of a good order file; nil removes one.
func repack(t *testing.T, body []byte, change map[string]func(old []byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, data []byte) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range z.File {
		r, _ := f.Open()
		var data bytes.Buffer
		if _, err := data.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		content := data.Bytes()
		if fn := change[f.Name]; fn != nil {
			if content = fn(content); content == nil {
				continue
			}
		}
		add(f.Name, content)
	}
	for name, fn := range change {
		if fn != nil && strings.HasPrefix(name, "new ") {
			add(strings.TrimPrefix(name, "new "), fn(nil))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBadOrderFilesAreRefused(t *testing.T) {
	good, err := Pack(orderFile("batch-1", 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(repack(t, good, nil)); err != nil {
		t.Fatalf("repacked unchanged: %v", err)
	}
	edit := func(fn func(m map[string]any)) func([]byte) []byte {
		return func(old []byte) []byte {
			m := map[string]any{}
			if err := json.Unmarshal(old, &m); err != nil {
				t.Fatal(err)
			}
			fn(m)
			data, _ := json.Marshal(m)
			return data
		}
	}
	remove := func([]byte) []byte { return nil }
	other := func([]byte) []byte { return []byte("other") }
	for name, change := range map[string]map[string]func([]byte) []byte{
		"no manifest":    {"order.json": remove},
		"no photo":       {"photo/card-a.jpg": remove},
		"another photo":  {"photo/card-a.jpg": other},
		"another pdf":    {"artwork/card-b.pdf": other},
		"another svg":    {"artwork/card-b.svg": other},
		"another record": {"cards/card-a.json": other},
		"extra file":     {"new readme.txt": other},
		"file twice":     {"new photo/card-a.jpg": other},
		"version":        {"order.json": edit(func(m map[string]any) { m["version"] = 2 })},
		"count":          {"order.json": edit(func(m map[string]any) { m["count"] = 3 })},
		"no date":        {"order.json": edit(func(m map[string]any) { delete(m, "created") })},
		"batch":          {"order.json": edit(func(m map[string]any) { m["batch"] = "a/b" })},
		"card twice": {"order.json": edit(func(m map[string]any) {
			cards := m["cards"].([]any)
			m["cards"] = []any{cards[0], cards[0]}
		})},
	} {
		_, err := Unpack(repack(t, good, change))
		if codeOf(t, err) != "malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range 20 {
		if _, err := Unpack(good[:len(good)*n/20]); codeOf(t, err) != "malformed" {
			t.Errorf("%d/20 of a file: %v", n, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	good, err := Pack(orderFile("batch-1", 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := Unpack(body)
		if err != nil {
			_ = codeOf(t, err)
			return
		}
		if u.Count != len(u.Items) || u.Count == 0 {
			t.Errorf("accepted %+v", u.Manifest)
		}
	})
}

func TestReceiptsAreReadWholeOrNotAtAll(t *testing.T) {
	const good = `{"id":"r-1","batch":"b","card_id":"c","kind":"produced","chip_uid":"04A1B2C3D4E5F6","at":"2026-11-20T09:12:00Z"}`
	got, err := ParseReceipts([]byte("[" + good + "," + strings.Replace(good, "r-1", "r-2", 1) + "]\n"))
	if err != nil || len(got) != 2 || got[0].ChipUID != "04A1B2C3D4E5F6" || got[0].At.IsZero() || got[1].ID != "r-2" {
		t.Fatalf("%+v %v", got, err)
	}
	bad := map[string]string{
		"nothing": ``, "no array": good, "empty": `[]`, "half": `[` + good + `,` + good[:40], "more behind": `[` + good + `] []`,
	}
	for name, replace := range map[string][2]string{
		"id": {`"r-1"`, `""`}, "batch": {`"b"`, `"b b"`}, "card": {`"c"`, `"` + strings.Repeat("c", 65) + `"`}, "kind": {"produced", "lost"},
		"half a chip": {"04A1B2C3D4E5F6", "04A1"}, "small letters": {"04A1B2C3D4E5F6", "04a1b2c3d4e5f6"}, "random chip": {"04A1B2C3D4E5F6", "08A1B2C3"},
		"no time": {`,"at":"2026-11-20T09:12:00Z"`, ``}, "wrong time": {"2026-11-20T09:12:00Z", "yesterday"}, "no reject code": {"produced", "failed"},
	} {
		one := strings.Replace(good, replace[0], replace[1], 1)
		if one == good {
			t.Fatalf("%s: nothing replaced", name)
		}
		bad[name] = "[" + strings.Replace(good, "r-1", "r-0", 1) + "," + one + "]"
	}
	for name, body := range bad {
		if _, err := ParseReceipts([]byte(body)); codeOf(t, err) != "malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := "[" + strings.TrimSuffix(strings.Repeat(good+",", MaxReceipts+1), ",") + "]"
	if _, err := ParseReceipts([]byte(many)); codeOf(t, err) != "too_large" {
		t.Errorf("too many: %v", err)
	}
}

func FuzzParseReceipts(f *testing.F) {
	f.Add([]byte(`[{"id":"r-1","batch":"b","card_id":"c","kind":"dispatched","at":"2026-11-20T09:12:00Z"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		receipts, err := ParseReceipts(body)
		if err != nil {
			_ = codeOf(t, err)
			return
		}
		for _, r := range receipts {
			if r.ID == "" || r.At.IsZero() {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}

func TestClientConfigurationIsChecked(t *testing.T) {
	k := key(t, 1)
	for name, c := range map[string]Config{
		"no address": {Key: k}, "http elsewhere": {URL: "http://bureau.example", Key: k}, "no key": {URL: "https://bureau.example"},
		"with a password": {URL: "https://u:p@bureau.example", Key: k}, "ftp": {URL: "ftp://bureau.example", Key: k},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, address := range []string{"https://bureau.example", "https://bureau.example/kort/", "http://localhost:9", "http://[::1]:9"} {
		if _, err := New(Config{URL: address, Key: k, HTTP: http.DefaultClient}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
