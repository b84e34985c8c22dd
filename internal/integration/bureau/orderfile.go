package bureau

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/kortverk/kortverk/internal/production"
)

// The limits of version 1.
const (
	Version     = 1
	MaxFile     = 256 << 20 // packed
	MaxUnpacked = 512 << 20
	MaxCards    = 2000
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// Manifest is order.json.
type Manifest struct {
	Version int       `json:"version"`
	Batch   string    `json:"batch"`
	Created time.Time `json:"created"`
	Count   int       `json:"count"`
	Cards   []Entry   `json:"cards"`
}

// Entry names a card's files.
type Entry struct {
	CardID     string   `json:"card_id"`
	Record     FileRef  `json:"record"`
	Artwork    FileRef  `json:"artwork"`
	ArtworkSVG *FileRef `json:"artwork_svg,omitempty"`
	Photo      FileRef  `json:"photo"`
}

// FileRef is a file of the zip and its digest.
type FileRef struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Record is cards/<card_id>.json.
type Record struct {
	CardID             string   `json:"card_id"`
	Number             string   `json:"number"`
	Type               string   `json:"type"`
	Chip               bool     `json:"chip"` // it is to be encoded, and the receipt names the chip
	GivenName          string   `json:"given_name"`
	Surname            string   `json:"surname"`
	Company            string   `json:"company"`
	OrganisationNumber string   `json:"organisation_number"`
	ValidUntil         string   `json:"valid_until"`
	Address            []string `json:"address"`
	OrderRef           string   `json:"order_ref"`
}

// Pack makes the order file. The same batch gives the same bytes, whatever
// version of Go packs it: nothing is compressed (pictures and PDF are
// already), and no file carries a time.
func Pack(b production.OrderFile) ([]byte, error) {
	if b.Version != Version {
		return nil, fmt.Errorf("order file version %d, this adapter writes %d", b.Version, Version)
	}
	if !idForm.MatchString(b.Batch) || len(b.Cards) == 0 || len(b.Cards) > MaxCards {
		return nil, fmt.Errorf("batch %q with %d cards is outside the protocol", b.Batch, len(b.Cards))
	}
	var body bytes.Buffer
	p := packer{zip: zip.NewWriter(&body)}
	m := Manifest{Version: Version, Batch: b.Batch, Created: b.CreatedAt.UTC(), Count: len(b.Cards), Cards: make([]Entry, 0, len(b.Cards))}
	for _, c := range b.Cards {
		entry, err := p.card(c)
		if err != nil {
			return nil, fmt.Errorf("batch %s: %w", b.Batch, err)
		}
		m.Cards = append(m.Cards, entry)
	}
	if _, err := p.json("order.json", m); err != nil {
		return nil, err
	}
	if err := p.zip.Close(); err != nil {
		return nil, err
	}
	if body.Len() > MaxFile {
		return nil, fmt.Errorf("batch %s: %d bytes, the protocol allows %d", b.Batch, body.Len(), MaxFile)
	}
	return body.Bytes(), nil
}

type packer struct{ zip *zip.Writer }

func (p packer) card(c production.OrderCard) (Entry, error) {
	if !idForm.MatchString(c.CardID) {
		return Entry{}, fmt.Errorf("card id %q is outside the protocol", c.CardID)
	}
	if len(c.Artwork) == 0 || len(c.Photo) == 0 {
		return Entry{}, fmt.Errorf("card %s has no artwork or no photo", c.CardID)
	}
	entry := Entry{CardID: c.CardID}
	address := c.Address
	if address == nil {
		address = []string{}
	}
	var err error
	if entry.Record, err = p.json("cards/"+c.CardID+".json", Record{
		CardID: c.CardID, Number: c.Number, Type: c.Type, Chip: c.Chip, GivenName: c.GivenName, Surname: c.Surname, Company: c.Company,
		OrganisationNumber: c.OrganisationNumber, ValidUntil: c.ValidUntil, Address: address, OrderRef: c.OrderRef,
	}); err != nil {
		return Entry{}, err
	}
	if entry.Artwork, err = p.file("artwork/"+c.CardID+".pdf", c.Artwork, c.ArtworkSHA256); err != nil {
		return Entry{}, err
	}
	if len(c.ArtworkSVG) > 0 {
		ref, err := p.file("artwork/"+c.CardID+".svg", c.ArtworkSVG, "")
		if err != nil {
			return Entry{}, err
		}
		entry.ArtworkSVG = &ref
	}
	entry.Photo, err = p.file("photo/"+c.CardID+".jpg", c.Photo, c.PhotoSHA256)
	return entry, err
}

func (p packer) json(path string, v any) (FileRef, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return FileRef{}, err
	}
	return p.file(path, append(data, '\n'), "")
}

// file adds a file; a digest that the caller knows must fit, so that a picture
// damaged on its way through the database is never printed.
func (p packer) file(path string, data []byte, want string) (FileRef, error) {
	got := Digest(data)
	if want != "" && want != got {
		return FileRef{}, fmt.Errorf("%s: digest %s, expected %s", path, got, want)
	}
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
	if err != nil {
		return FileRef{}, err
	}
	if _, err := w.Write(data); err != nil {
		return FileRef{}, err
	}
	return FileRef{Path: path, SHA256: got}, nil
}

// Digest is SHA-256 in lower-case hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Unpacked is an order file that was found to be in order.
type Unpacked struct {
	Manifest
	Items []Item // as in the manifest
}

// Item is one card of an order file.
type Item struct {
	Record
	Artwork    []byte // PDF
	ArtworkSVG []byte // may be nil
	Photo      []byte // JPEG
}

// Unpack reads an order file and checks every rule of the protocol: counts,
// names, digests, limits. Its error is a *Problem.
func Unpack(body []byte) (Unpacked, error) {
	if len(body) > MaxFile {
		return Unpacked{}, &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the order file is too large"}
	}
	files, err := readZip(body)
	if err != nil {
		return Unpacked{}, err
	}
	u := Unpacked{}
	if err := takeJSON(files, "order.json", &u.Manifest); err != nil {
		return Unpacked{}, err
	}
	if u.Version != Version {
		return Unpacked{}, Malformed("version %d is not known", u.Version)
	}
	if !idForm.MatchString(u.Batch) || u.Created.IsZero() {
		return Unpacked{}, Malformed("batch or created is missing")
	}
	if u.Count != len(u.Cards) || u.Count < 1 || u.Count > MaxCards {
		return Unpacked{}, Malformed("count is %d, cards are %d", u.Count, len(u.Cards))
	}
	for _, entry := range u.Cards {
		item, err := takeItem(files, entry)
		if err != nil {
			return Unpacked{}, err
		}
		u.Items = append(u.Items, item)
	}
	for name := range files { // what was taken is gone from the map
		return Unpacked{}, Malformed("%s is not in the manifest", name)
	}
	return u, nil
}

func readZip(body []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, Malformed("not a zip file, or only a part of one")
	}
	if len(z.File) > 4*MaxCards+1 {
		return nil, Malformed("too many files")
	}
	files := map[string][]byte{}
	left := int64(MaxUnpacked)
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice {
			return nil, Malformed("%s is there twice", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return nil, Malformed("%s can't be read", f.Name)
		}
		data, err := io.ReadAll(io.LimitReader(r, left+1))
		r.Close()
		if err != nil {
			return nil, Malformed("%s can't be read", f.Name)
		}
		if left -= int64(len(data)); left < 0 {
			return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "unpacked, the order file is too large"}
		}
		files[f.Name] = data
	}
	return files, nil
}

func takeItem(files map[string][]byte, e Entry) (Item, error) {
	if !idForm.MatchString(e.CardID) {
		return Item{}, Malformed("card_id %q has a wrong form", e.CardID)
	}
	record, err := takeRef(files, e.Record, "cards/"+e.CardID+".json")
	if err != nil {
		return Item{}, err
	}
	var item Item
	if err := json.Unmarshal(record, &item.Record); err != nil {
		return Item{}, Malformed("%s is not JSON of a card", e.Record.Path)
	}
	if item.CardID != e.CardID {
		return Item{}, Malformed("%s is about card %q", e.Record.Path, item.CardID)
	}
	if item.Number == "" || item.GivenName == "" && item.Surname == "" || item.ValidUntil == "" {
		return Item{}, Malformed("%s lacks number, name or valid_until", e.Record.Path)
	}
	if item.Artwork, err = takeRef(files, e.Artwork, "artwork/"+e.CardID+".pdf"); err != nil {
		return Item{}, err
	}
	if e.ArtworkSVG != nil {
		if item.ArtworkSVG, err = takeRef(files, *e.ArtworkSVG, "artwork/"+e.CardID+".svg"); err != nil {
			return Item{}, err
		}
	}
	item.Photo, err = takeRef(files, e.Photo, "photo/"+e.CardID+".jpg")
	return item, err
}

func takeRef(files map[string][]byte, ref FileRef, path string) ([]byte, error) {
	if ref.Path != path {
		return nil, Malformed("%s is named %q in the manifest", path, ref.Path)
	}
	data, ok := files[path]
	if !ok {
		return nil, Malformed("%s is missing", path)
	}
	delete(files, path)
	if Digest(data) != ref.SHA256 {
		return nil, Malformed("%s does not have the digest in the manifest", path)
	}
	return data, nil
}

func takeJSON(files map[string][]byte, path string, dest any) error {
	data, ok := files[path]
	if !ok {
		return Malformed("%s is missing", path)
	}
	delete(files, path)
	if err := json.Unmarshal(data, dest); err != nil {
		return Malformed("%s is not JSON of this version", path)
	}
	return nil
}
