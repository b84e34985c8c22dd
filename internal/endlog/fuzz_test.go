package endlog

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// written is a file with these lines, as Log writes them.
func written(lines []Line) []byte {
	var b bytes.Buffer
	text := magic + " 2026-11-21T06:00:00Z"
	mark := chain("", text)
	b.WriteString(text + " " + mark + "\n")
	for _, l := range lines {
		text, mark = l.text(), chain(mark, l.text())
		b.WriteString(text + " " + mark + "\n")
	}
	return b.Bytes()
}

// Whatever a line says, it stays one line, and reads as it was written; a file
// that is cut anywhere loses whole lines from its end; one that is altered is
// found out where it is altered.
func FuzzParse(f *testing.F) {
	f.Add("BB1234567897", "blocked", "lost", int64(3), int64(1_700_000_000), uint16(0), byte(1))
	f.Add("a\nb", "", "-", int64(-1), int64(0), uint16(50), byte(0))
	f.Add("company/1 2", "x y", "\u2028\u0085\x00", int64(1)<<62, int64(1)<<32, uint16(9999), byte(255))
	f.Fuzz(func(t *testing.T, subject, state, reason string, revision, seconds int64, at uint16, flip byte) {
		in := Line{subject, state, revision, time.Unix(seconds%(1<<33), 0).UTC(), reason}
		data := written([]Line{in, in})
		c, err := parse(data)
		if err != nil || len(c.Lines) != 2 || c.whole != int64(len(data)) {
			t.Fatalf("%d lines, %d of %d bytes: %v", len(c.Lines), c.whole, len(data), err)
		}
		got := c.Lines[1]
		if got.Revision != revision || !got.At.Equal(in.At) || got.text() != in.text() || strings.ContainsAny(got.Subject+got.State+got.Reason, "\n ") {
			t.Errorf("%+v reads as %+v", in, got)
		}
		if rest, ok := c.After(c.marks[0]); !ok || len(rest) != 2 {
			t.Errorf("%d lines behind the first mark", len(rest))
		}
		cut := int(at) % len(data)
		c, err = parse(data[:cut])
		if err != nil || c.whole > int64(cut) || !bytes.HasPrefix(data, data[:c.whole]) || len(c.Lines) > 2 {
			t.Errorf("cut at %d: %d lines, %v", cut, len(c.Lines), err)
		}
		if flip == 0 || data[cut] == '\n' {
			return
		}
		data[cut] ^= flip
		c, err = parse(data)
		if !errors.Is(err, ErrBroken) || c.whole > int64(cut) {
			t.Errorf("altered at %d: %d bytes are believed, %v", cut, c.whole, err)
		}
	})
}

// Any bytes: whole lines up to the first that isn't one.
func FuzzParseBytes(f *testing.F) {
	f.Add(written(nil))
	f.Add(written([]Line{{"BB1234567897", "blocked", 1, time.Unix(1_700_000_000, 0), "lost"}}))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse(data)
		if err != nil && !errors.Is(err, ErrBroken) || c.whole > int64(len(data)) || len(c.marks) > 0 && len(c.Lines) != len(c.marks)-1 {
			t.Errorf("%d of %d bytes, %d lines, %d marks: %v", c.whole, len(data), len(c.Lines), len(c.marks), err)
		}
	})
}
