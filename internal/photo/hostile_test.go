package photo

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	_ "image/png"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/photo/phototest"
)

// Every file of the corpus ends as it must, in bounded time and memory, and
// nothing of it but pixels is kept.
func TestHostileFiles(t *testing.T) {
	files := phototest.Files()
	if len(files) < 150 {
		t.Fatalf("%d files", len(files))
	}
	for _, f := range files {
		t.Run(f.Name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began, _ := phototest.Used(os.Getpid())
			p, err := Accept(context.Background(), bytes.NewReader(f.Data), -1)
			ended, _ := phototest.Used(os.Getpid())
			runtime.ReadMemStats(&after)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 450 {
				t.Errorf("%d MB of memory", used)
			}
			if took := ended - began; took > 10*time.Second {
				t.Errorf("took %v of a processor", took)
			}
			if fault.CodeOf(err) != f.Code {
				t.Fatalf("%v, want %q", err, f.Code)
			}
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("refused as if it were our fault: %v", err)
				}
				return
			}
			kept(t, f, p.JPEG)
		})
	}
}

func kept(t *testing.T, f phototest.File, data []byte) {
	t.Helper()
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width != f.W || c.Height != f.H {
		t.Errorf("kept as %d × %d, want %d × %d: %v", c.Width, c.Height, f.W, f.H, err)
	}
	for i := 2; i+4 < len(data) && data[i+1] != 0xDA; i += 2 + int(data[i+2])<<8 + int(data[i+3]) {
		if m := data[i+1]; m != 0xDB && m != 0xC0 && m != 0xC4 {
			t.Errorf("a segment %#x is kept", m)
		}
	}
	if bytes.Contains(data, []byte(phototest.Canary)) || bytes.Count(data, []byte{0xFF, 0xD9}) != 1 || !bytes.HasSuffix(data, []byte{0xFF, 0xD9}) {
		t.Error("something of the original survives")
	}
}

// What is let through to a decoder is what the decoder will see, and needs no
// more memory than there is.
func FuzzHeader(f *testing.F) {
	for _, file := range phototest.Light() {
		if len(file.Data) < 8000 {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("refused as if it were our fault: %v", err)
			}
			return
		}
		c, kind, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width != h.width || c.Height != h.height || (kind == "jpeg") != h.jpeg {
			t.Errorf("read as %+v, and is %+v, %s, %v", h, c, kind, err)
		}
		if h.memory < 16 || h.bytes() > 2*placeBytes || h.width*h.height > MaxPixels {
			t.Errorf("%d × %d need %d bytes", h.width, h.height, h.bytes())
		}
	})
}
