package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// A backup is read whole or refused: one byte altered, added or lost anywhere
// is found before anything is believed.
func FuzzVerify(f *testing.F) {
	archive := func(database []byte) []byte {
		sum := sha256.Sum256(database)
		var b bytes.Buffer
		m := Manifest{Schema: 9, Program: "test", DatabaseSize: int64(len(database)), DatabaseSHA256: hex.EncodeToString(sum[:])}
		if err := write(context.Background(), &b, m, bytes.NewReader(database)); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	f.Add([]byte("SQLite format 3\x00"), uint16(0), byte(0), []byte(nil))
	f.Add([]byte(""), uint16(30), byte(1), []byte("\nsha256 "))
	f.Add([]byte("\nsha256 "), uint16(9000), byte(128), []byte("kortverk-backup-1\n{}\n"))
	file := filepath.Join(f.TempDir(), "a.backup")
	f.Fuzz(func(t *testing.T, database []byte, at uint16, flip byte, other []byte) {
		verified := func(data []byte) (Manifest, error) {
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return Verify(context.Background(), file)
		}
		data := archive(database)
		m, err := verified(data)
		if err != nil || m.DatabaseSize != int64(len(database)) {
			t.Fatalf("%+v, %v", m, err)
		}
		if flip != 0 {
			altered := bytes.Clone(data)
			altered[int(at)%len(data)] ^= flip
			if _, err := verified(altered); err == nil {
				t.Errorf("altered at %d, and believed", int(at)%len(data))
			}
		}
		if _, err := verified(data[:int(at)%len(data)]); err == nil {
			t.Errorf("cut at %d, and believed", int(at)%len(data))
		}
		if len(other) > 0 {
			if _, err := verified(append(bytes.Clone(data), other...)); err == nil {
				t.Error("longer, and believed")
			}
			if _, err := verified(other); err == nil {
				t.Error("anything is believed")
			}
		}
	})
}
