package photo

import (
	"bytes"
	"encoding/binary"
)

// orientation reads how the camera was held from an APP1 segment: TIFF header,
// first directory, tag 0x0112. 0 means that it doesn't say. Nothing else of EXIF
// is read: the less of a hostile file is understood, the better.
func orientation(app1 []byte) int {
	tiff, ok := bytes.CutPrefix(app1, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		e := at + 2 + 12*i
		if e+12 > int64(len(tiff)) {
			return 0
		}
		const short = 3
		if order.Uint16(tiff[e:]) != 0x0112 || order.Uint16(tiff[e+2:]) != short || order.Uint32(tiff[e+4:]) != 1 {
			continue
		}
		if v := int(order.Uint16(tiff[e+8:])); v >= 1 && v <= 8 {
			return v
		}
		return 0
	}
	return 0
}
