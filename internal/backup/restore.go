package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/seal"
)

// Target is where to restore to.
type Target struct {
	Database string   // SQLite's file; its folder must be empty or missing
	KeyFile  string   // "" when there is none yet
	Beside   []string // names of files that may be in the folder
	// Finish is called with the restored database, still under another name, before it gets its own.
	Finish func(ctx context.Context, file string, m Manifest) error
}

// Restore brings a backup back. Whatever is wrong with the file, the folder or the key file is found before anything is
// written, and a failure later leaves no database behind.
func Restore(ctx context.Context, file string, to Target) (m Manifest, err error) {
	if err := to.empty(); err != nil {
		return m, err
	}
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer f.Close() //nolint:errcheck // only read
	m, start, err := verify(ctx, f)
	if err != nil {
		return m, fmt.Errorf("%s %w", file, err)
	}
	newest, err := db.NewestVersion()
	if err != nil {
		return m, err
	}
	if m.Schema > newest {
		return m, fmt.Errorf("%s is of a newer version: its schema is %d, and this program (it was made by %s) knows %d", file, m.Schema, m.Program, newest)
	}
	if err := m.opens(to.KeyFile); err != nil {
		return m, err
	}
	dir := filepath.Dir(to.Database)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return m, fmt.Errorf("restore: %w", err)
	}
	temp := to.Database + ".restoring"
	defer func() {
		for _, end := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
			_ = os.Remove(temp + end)
		}
	}()
	if err := extract(ctx, temp, m, io.NewSectionReader(f, start, m.DatabaseSize)); err != nil {
		return m, err
	}
	if err := sound(ctx, temp); err != nil {
		return m, err
	}
	if to.Finish != nil {
		if err := to.Finish(ctx, temp, m); err != nil {
			return m, err
		}
	}
	if err := os.Rename(temp, to.Database); err != nil {
		return m, fmt.Errorf("restore: %w", err)
	}
	return m, syncDir(dir)
}

// empty refuses a folder in which something could be lost.
func (t Target) empty() error {
	dir := filepath.Dir(t.Database)
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range found {
		if !slices.Contains(t.Beside, e.Name()) {
			return fmt.Errorf("%s is not empty (%s is in it): nothing is restored over something else. Move it away first", dir, e.Name())
		}
	}
	return nil
}

// opens tells whether a key file opens what is sealed in the backup. Without a file, nothing is known.
func (m Manifest) opens(file string) error {
	if file == "" {
		return nil
	}
	keys, err := seal.Open(file)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Needs(), err)
	}
	if id := keyID(keys); id != m.KeyID {
		return fmt.Errorf("%s; %s is another (%s)", m.Needs(), file, id)
	}
	if _, err := keys.Unseal(probePurpose, m.KeyID, m.KeyProbe); err != nil {
		return fmt.Errorf("%s; %s is an older copy of it: it lacks a key that was added later", m.Needs(), file)
	}
	return nil
}

// Needs names the key file.
func (m Manifest) Needs() string {
	return fmt.Sprintf("the backup needs the key file with the id %s (its name was %s; keys are not in a backup)", m.KeyID, m.KeyFile)
}

func extract(ctx context.Context, to string, m Manifest, database io.Reader) error {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), reader{ctx, database})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != m.DatabaseSHA256 {
		return errors.New("restore: the backup read differently the second time: is the disk sound?")
	}
	return nil
}

// sound has SQLite check the file.
func sound(ctx context.Context, file string) error {
	d, err := db.OpenReadOnly(ctx, db.Options{Path: file})
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	said, err := db.Read(ctx, d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `PRAGMA integrity_check`)
	})
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if len(said) != 1 || said[0] != "ok" {
		return fmt.Errorf("restore: the database in the backup is damaged, and was so when it was backed up: %s", said[0])
	}
	return nil
}
