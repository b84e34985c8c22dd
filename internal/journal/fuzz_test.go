package journal

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// Two entries that differ have encodings that differ, and an encoding says all
// that is in its entry: nothing in a text can look like another member.
func FuzzEncode(f *testing.F) {
	f.Add(int64(1), "card.blocked", "lost", `{"a":"b"}`, "")
	f.Add(int64(2), "a", "\",\"reason\":\"x", "{}", "\n")
	f.Add(int64(3), "\u2028<>&", "é", "{}", "e\u0301")
	f.Fuzz(func(t *testing.T, id int64, kind, reason, data, name string) {
		for _, s := range []string{kind, reason, data, name} {
			if !utf8.ValidString(s) {
				return // the database refuses it
			}
		}
		s := stored{ID: id, Kind: kind, Reason: reason, Data: data, ActorName: name}
		b, err := s.encode()
		if err != nil || bytes.Count(b, []byte("\n")) != 2 {
			t.Fatalf("%q: %v", b, err)
		}
		var back stored
		if err := json.Unmarshal(b[len(encodingName):], &back); err != nil || back != s {
			t.Errorf("%+v reads as %+v: %v", s, back, err)
		}
		moved := s
		moved.Kind, moved.Reason = kind+reason, ""
		if other, _ := moved.encode(); moved != s && bytes.Equal(other, b) {
			t.Error("two entries have one encoding")
		}
		if rec, err := s.record(); err == nil && (rec.Kind != kind || rec.Reason != reason || rec.By.Name != name) {
			t.Errorf("%+v", rec)
		}
	})
}
