package phototest

import (
	"bytes"
	"encoding/binary"
)

// JPEG describes a file of that format, flat and grey, that is written by hand.
type JPEG struct {
	Frame      byte // marker of the frame: 0xC0 baseline, 0xC2 progressive, 0xC9 arithmetic; 0 is 0xC0
	Precision  byte // 0 is 8
	W, H       int
	Components int    // 0 is 3
	Sampling   []byte // of each component, such as 0x22; nil is 0x11 for all
	Adobe      int    // transform of the Adobe segment; negative: no such segment
	Scans      int    // progressive: how many scans after the first; each says again that there is nothing
	Restart    int    // blocks between restart markers, 0 for none
	Header     bool   // stop before the scan
}

// Bytes writes it.
func (j JPEG) Bytes() []byte {
	j.fill()
	b := []byte{0xFF, 0xD8}
	if j.Adobe >= 0 {
		b = segment(b, 0xEE, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(j.Adobe)))
	}
	b = segment(b, 0xDB, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))
	frame := []byte{j.Precision}
	frame = binary.BigEndian.AppendUint16(frame, uint16(j.H))
	frame = binary.BigEndian.AppendUint16(frame, uint16(j.W))
	frame = append(frame, byte(j.Components))
	for i := range j.Components {
		frame = append(frame, byte(i+1), j.Sampling[i], 0)
	}
	b = segment(b, j.Frame, frame)
	// One code of one bit in each table: no difference (DC), end of the block (AC).
	b = segment(b, 0xC4, append([]byte{0x00, 1}, make([]byte, 16)...))
	b = segment(b, 0xC4, append([]byte{0x10, 1}, make([]byte, 16)...))
	if j.Restart > 0 {
		b = segment(b, 0xDD, binary.BigEndian.AppendUint16(nil, uint16(j.Restart)))
	}
	if j.Header {
		return b
	}
	return append(j.scans(b), 0xFF, 0xD9)
}

func (j *JPEG) fill() {
	if j.Frame == 0 {
		j.Frame = 0xC0
	}
	if j.Precision == 0 {
		j.Precision = 8
	}
	if j.Components == 0 {
		j.Components = 3
	}
	if j.Sampling == nil {
		j.Sampling = bytes.Repeat([]byte{0x11}, j.Components)
	}
}

// scans writes all blocks. A scan of one component goes over that component's own blocks, one of several over the units
// that the sampling makes.
func (j JPEG) scans(b []byte) []byte {
	hmax, vmax, perUnit := 1, 1, 0
	for _, s := range j.Sampling {
		hmax, vmax = max(hmax, int(s>>4)), max(vmax, int(s&15))
		perUnit += int(s>>4) * int(s&15)
	}
	if j.Components == 1 {
		hmax, vmax, perUnit = 1, 1, 1
	}
	units := up(j.W, 8*hmax) * up(j.H, 8*vmax)
	head := []byte{byte(j.Components)}
	for i := range j.Components {
		head = append(head, byte(i+1), 0)
	}
	progressive := j.Frame == 0xC2
	last, bits := byte(63), 2 // DC and AC of each block
	if progressive {
		last, bits = 0, 1
	}
	b = segment(b, 0xDA, append(head, 0, last, 0))
	b = j.blocks(b, units, perUnit*bits)
	if !progressive || j.Scans == 0 {
		return b
	}
	// The first component's other coefficients: one code of one bit that says "nothing in the next 32767 blocks" (14 more
	// bits, all ones but the last). After the first such scan, again and again, each a bit more exact.
	table := append([]byte{0x10, 1}, make([]byte, 16)...)
	table[18-1] = 0xE0
	b = segment(b, 0xC4, table)
	own := up(j.W*int(j.Sampling[0]>>4), 8*hmax) * up(j.H*int(j.Sampling[0]&15), 8*vmax)
	runs := up(own, 1<<14)
	for range j.Scans {
		b = segment(b, 0xDA, []byte{1, 1, 0, 1, 63, 0})
		b = append(b, make([]byte, up(runs*15, 8))...)
	}
	return b
}

// blocks is the coded data: zeroes, which mean that nothing changes, with restart markers between.
func (j JPEG) blocks(b []byte, units, bits int) []byte {
	if j.Restart == 0 {
		return append(b, make([]byte, up(units*bits, 8))...)
	}
	for i := 0; units > 0; i++ {
		n := min(units, j.Restart)
		if i > 0 {
			b = append(b, 0xFF, 0xD0+byte((i-1)%8))
		}
		b = append(b, make([]byte, up(n*bits, 8))...)
		units -= n
	}
	return b
}

func up(n, by int) int { return (n + by - 1) / by }

func segment(b []byte, marker byte, body []byte) []byte {
	b = append(b, 0xFF, marker)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	return append(b, body...)
}

// With puts segments behind a JPEG's beginning: WithSegment(data, 0xE1, exif).
func With(data []byte, marker byte, body []byte) []byte {
	return append(segment([]byte{0xFF, 0xD8}, marker, body), data[2:]...)
}

// EXIF is the body of an APP1 segment: how the camera was held, where it was, who took the picture, and a small copy of it.
func EXIF(order binary.AppendByteOrder, orientation uint16, thumbnail []byte) []byte {
	head := "MM\x00*"
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		head = "II*\x00"
	}
	b := append([]byte("Exif\x00\x00"), head...)
	u16 := func(v uint16) { b = order.AppendUint16(b, v) }
	u32 := func(v uint32) { b = order.AppendUint32(b, v) }
	entry := func(tag, kind uint16, n, value uint32) { u16(tag); u16(kind); u32(n); u32(value) }
	artist := "artist " + Canary
	const ifd0, entries = 8, 3
	text := uint32(ifd0 + 2 + 12*entries + 4)
	gps := text + uint32(len(artist))
	ifd1 := gps + 2 + 12*2 + 4 + 16
	u32(ifd0)
	u16(entries)
	u16(0x0112) // orientation, a short in the upper half of its field
	u16(3)
	u32(1)
	u16(orientation)
	u16(0)
	entry(0x013B, 2, uint32(len(artist)), text)
	entry(0x8825, 4, 1, gps)
	u32(ifd1)
	b = append(b, artist...)
	u16(2)
	entry(0x0001, 2, 2, uint32('N')<<24)
	entry(0x0002, 5, 2, gps+2+12*2+4)
	u32(0)
	b = append(b, "GPS 59.3293 N "+"\x00\x00"...)
	u16(2)
	entry(0x0201, 4, 1, ifd1+2+12*2+4)
	entry(0x0202, 4, 1, uint32(len(thumbnail)))
	u32(0)
	return append(b, thumbnail...)
}
