package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/photo"
)

// picture is one that lines show: as it was sent, and cut.
type picture struct{ original, cut, verdict string }

// pictures are the portraits of the cast, taken in as the product does, each many times with a comment of its own inside,
// so that they are different pictures of real size.
func (g *generator) pictures() {
	people := cast.People()[:min(8, max(1, g.o.Photos/10))]
	type pair struct {
		original, cut []byte
		verdict       string
	}
	var drawn []pair
	for _, p := range people {
		data := p.Portrait()
		kept, err := photo.Accept(g.ctx, bytes.NewReader(data), int64(len(data)))
		if err == nil {
			var cut photo.Picture
			if cut, err = photo.Cut(g.ctx, kept.JPEG, photo.Crop{}); err == nil {
				verdict, _ := json.Marshal(cut.Verdict)
				drawn = append(drawn, pair{kept.JPEG, cut.JPEG, string(verdict)})
			}
		}
		if err != nil {
			g.err = err
			return
		}
	}
	at := g.start().AddDate(0, -2, 0)
	for i := range max(min(g.o.Photos, g.o.Cards), len(drawn)) {
		d := drawn[i%len(drawn)]
		g.photos = append(g.photos, picture{g.blob(at, commented(d.original, i)), g.blob(at, commented(d.cut, i)), d.verdict})
	}
}

// commented puts a JPEG comment behind the marker with which the file begins.
func commented(data []byte, n int) []byte {
	out := append(make([]byte, 0, len(data)+12), data[:2]...)
	out = append(out, 0xff, 0xfe, 0, 10)
	out = binary.BigEndian.AppendUint64(out, uint64(n))
	return append(out, data[2:]...)
}

func (g *generator) blob(at time.Time, data []byte) string {
	id := g.id(at)
	sum := sha256.Sum256(data)
	g.row(tBlob, id, hex.EncodeToString(sum[:]), "image/jpeg", int64(len(data)), g.sealed("blob", id, string(data)), micro(at))
	return id
}

// evidences are signatures of the size of an eID's; lines share them.
func (g *generator) evidences() {
	at := g.start().AddDate(0, -2, 0)
	answer := bytes.Repeat([]byte("0123456789abcdef"), 500)
	for range min(signatures, g.o.Cards) {
		id := g.id(at)
		g.row(tEvidence, id, g.id(at), "bankid", "sign", micro(at), g.sealed("eid.answer", id, string(answer)), g.sealed("eid.asked", id, "the data of the card"))
		g.evidence = append(g.evidence, id)
	}
}
