package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	magic       = "kortverk-backup-1\n"
	anyMagic    = "kortverk-backup-"
	trailerHead = "\nsha256 "
	trailerSize = len(trailerHead) + 2*sha256.Size + 1
	maxManifest = 64 << 10
)

// Manifest says what a backup holds and what it needs.
type Manifest struct {
	Schema         int64     `json:"schema"`  // the newest migration of the database
	Program        string    `json:"program"` // the version that made it
	MadeAt         time.Time `json:"made_at"` // wall time
	Cards          int64     `json:"cards"`
	Position       int64     `json:"journal_position"` // the journal's newest
	KeyFile        string    `json:"key_file"`         // the name that it had
	KeyID          string    `json:"key_id"`           // the same for ever, also after a rotation
	KeyProbe       []byte    `json:"key_probe"`        // opens with the newest key that sealed anything in it
	EndsMark       string    `json:"ends_mark"`        // the newest line of the journal of ends, "" without one
	DatabaseSize   int64     `json:"database_size"`
	DatabaseSHA256 string    `json:"database_sha256"`
}

// write puts the pieces together and returns what was written to w.
func write(ctx context.Context, w io.Writer, m Manifest, database io.Reader) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	if _, err := io.WriteString(both, magic+string(line)+"\n"); err != nil {
		return err
	}
	inside := sha256.New()
	n, err := io.Copy(both, io.TeeReader(reader{ctx, database}, inside))
	if err != nil {
		return err
	}
	if n != m.DatabaseSize || hex.EncodeToString(inside.Sum(nil)) != m.DatabaseSHA256 {
		return errors.New("backup: the snapshot changed while it was copied: is the disk sound?")
	}
	_, err = io.WriteString(w, trailerHead+hex.EncodeToString(sum.Sum(nil))+"\n")
	return err
}

// Verify reads a whole backup and says what it holds. It is the first thing that [Restore] does.
func Verify(ctx context.Context, file string) (Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	m, _, err := verify(ctx, f)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s %w", file, err)
	}
	return m, nil
}

// verify returns also where the database begins.
func verify(ctx context.Context, f *os.File) (m Manifest, start int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return m, 0, err
	}
	size := info.Size()
	if size < int64(len(magic)+trailerSize) {
		return m, 0, errors.New("is not a backup of kortverk: it is too short")
	}
	sum := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(reader{ctx, io.NewSectionReader(f, 0, size-int64(trailerSize))}, sum), maxManifest)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil {
		return m, 0, err
	}
	switch {
	case string(head) == magic:
	case strings.HasPrefix(string(head), anyMagic):
		return m, 0, fmt.Errorf("is a backup in a format that this program doesn't know (%q)", head)
	default:
		return m, 0, errors.New("is not a backup of kortverk: it doesn't begin as one")
	}
	// Nothing that the file says is believed before its digest is right.
	line, lineErr := in.ReadSlice('\n')
	line = bytes.Clone(line)
	if _, err := io.Copy(io.Discard, in); err != nil {
		return m, 0, err
	}
	trailer := make([]byte, trailerSize)
	if _, err := f.ReadAt(trailer, size-int64(trailerSize)); err != nil {
		return m, 0, err
	}
	if string(trailer) != trailerHead+hex.EncodeToString(sum.Sum(nil))+"\n" {
		return m, 0, errors.New("is damaged or cut off: its digest doesn't match its content. Nothing was changed; use another backup")
	}
	if lineErr != nil {
		return m, 0, errors.New("has no manifest")
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return m, 0, fmt.Errorf("has a manifest that can't be read: %w", err)
	}
	start = int64(len(magic) + len(line))
	if start+m.DatabaseSize+int64(trailerSize) != size {
		return m, 0, errors.New("doesn't have the size that its manifest says")
	}
	return m, start, nil
}

// reader ends when its context does.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
