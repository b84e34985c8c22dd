package phototest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// PNG describes a file of that format that is written by hand.
type PNG struct {
	W, H, Depth, Kind int
	Interlaced        bool
	Before            []byte // chunks between the header and the pixels
	Pixels            int64  // bytes of zeroes in the compressed pixels; negative: as many as the header says
	After             []byte // chunks and rubbish behind the end
}

// Bytes writes it.
func (p PNG) Bytes() []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(p.W))
	head = binary.BigEndian.AppendUint32(head, uint32(p.H))
	head = append(head, byte(p.Depth), byte(p.Kind), 0, 0, 0)
	if p.Interlaced {
		head[12] = 1
	}
	b := append([]byte(pngMagic), Chunk("IHDR", head)...)
	b = append(b, p.Before...)
	n := p.Pixels
	if n < 0 {
		n = p.size()
	}
	for z := Zeroes(n); len(z) > 0; {
		part := z[:min(len(z), 1<<20)]
		b, z = append(b, Chunk("IDAT", part)...), z[len(part):]
	}
	return append(append(b, Chunk("IEND", nil)...), p.After...)
}

func (p PNG) size() (n int64) {
	bits := p.Depth * map[int]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[p.Kind]
	pass := func(w, h int) {
		if w > 0 && h > 0 {
			n += int64(h) * int64(1+up(w*bits, 8))
		}
	}
	if !p.Interlaced {
		pass(p.W, p.H)
		return n
	}
	for _, a := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		pass(up(p.W-a[0], a[2]), up(p.H-a[1], a[3]))
	}
	return n
}

// Zeroes is n zeroes, compressed: a thousandth of it.
func Zeroes(n int64) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.CopyN(z, zero{}, n) // into memory
	_ = z.Close()
	return b.Bytes()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Chunk is one chunk of a PNG.
func Chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// behindHeader puts chunks behind the header of a whole PNG.
func behindHeader(data []byte, chunks ...[]byte) []byte {
	const header = len(pngMagic) + 25
	out := append([]byte{}, data[:header]...)
	for _, c := range chunks {
		out = append(out, c...)
	}
	return append(out, data[header:]...)
}
