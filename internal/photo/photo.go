package photo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strconv"

	"golang.org/x/sync/semaphore"

	"github.com/kortverk/kortverk/internal/fault"
)

// The limits of what is taken in.
const (
	HardMaxBytes    = 6 << 20 // never read further, whatever the setting
	DefaultMaxBytes = 5 << 20
	MaxPixels       = 40_000_000
	MaxSide         = 8000
	MinWidth        = 300
	MinHeight       = 410
	KeptWidth       = 1200 // what is kept fits into this
	KeptHeight      = 1640
	CutWidth        = 600 // what goes on the card
	CutHeight       = 820
)

// Picture is a picture that was taken in, written again.
type Picture struct {
	JPEG          []byte
	Width, Height int
	SHA256        string // of JPEG, hex
	Hash          uint64 // perceptual
	Verdict       Verdict
}

// Rules are the settings of a scheme.
type Rules struct {
	MaxBytes int64 // 0: DefaultMaxBytes
}

// Accept takes a picture in with the default rules.
func Accept(ctx context.Context, r io.Reader, size int64) (Picture, error) {
	return Rules{}.Accept(ctx, r, size)
}

// Accept takes a picture in. size is what the sender says about the length, or
// -1; it saves reading, and is not believed.
func (u Rules) Accept(ctx context.Context, r io.Reader, size int64) (Picture, error) {
	limit := u.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	limit = min(limit, HardMaxBytes)
	if size > limit {
		return Picture{}, tooLarge(limit)
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return Picture{}, unreadable(err)
	}
	if int64(len(data)) > limit {
		return Picture{}, tooLarge(limit)
	}
	h, err := readHeader(data)
	if err != nil {
		return Picture{}, err
	}
	img, err := decode(ctx, data, h)
	if err != nil {
		return Picture{}, err
	}
	w, hgt := h.upright()
	return finish(img, source{w, hgt}.portrait())
}

// Cut takes the part that the card shows out of a picture that Accept made.
func Cut(ctx context.Context, data []byte, c Crop) (Picture, error) {
	h, err := readHeader(data)
	if err != nil {
		return Picture{}, err
	}
	img, err := decode(ctx, data, h)
	if err != nil {
		return Picture{}, err
	}
	box := c.box(img.Bounds().Dx(), img.Bounds().Dy())
	return finish(scale(crop(img, box), CutWidth, CutHeight), box.Size())
}

// finish writes the picture and measures it. shown is the size in original
// pixels of the part that the card will show.
func finish(img *image.RGBA, shown image.Point) (Picture, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		return Picture{}, fault.New(fault.Internal, "photo.not_written").Because(err)
	}
	sum := sha256.Sum256(b.Bytes())
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	part := crop(img, Crop{}.box(w, h))
	return Picture{
		JPEG: b.Bytes(), Width: w, Height: h, SHA256: hex.EncodeToString(sum[:]),
		Hash: hash(part), Verdict: judge(part, shown, w, h),
	}, nil
}

// Only two pictures are in memory at a time. One that needs more than half of
// what two may need takes both places.
const placeBytes = 160 << 20

var places = semaphore.NewWeighted(2)

// decode gives the picture upright, in eight bits, on white, fitted into what is kept.
func decode(ctx context.Context, data []byte, h header) (img *image.RGBA, err error) {
	n := int64(1)
	if h.bytes() > placeBytes {
		n = 2
	}
	if err := places.Acquire(ctx, n); err != nil {
		return nil, fault.New(fault.Unavailable, "photo.busy").Because(err)
	}
	defer places.Release(n)
	defer func() {
		// A decoder that trips over a crafted file must not take the process with it.
		if p := recover(); p != nil {
			img, err = nil, unreadable(errors.New("the decoder panicked"))
		}
	}()
	raw, err := h.decode(data)
	if err != nil {
		return nil, unreadable(err)
	}
	keepW, keepH := KeptWidth, KeptHeight
	if h.orientation >= 5 {
		keepW, keepH = keepH, keepW
	}
	return orient(fit(raw, keepW, keepH), h.orientation), nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.Invalid, "photo.too_large_file", "max", strconv.FormatInt(limit>>20, 10))
}

func unreadable(cause error) error {
	return fault.New(fault.Invalid, "photo.undecodable").Because(cause)
}
