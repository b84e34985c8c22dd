package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/endlog"
	"github.com/kortverk/kortverk/internal/seal"
)

// Source is what to back up.
type Source struct {
	Database string // SQLite's file
	KeyFile  string
	Ends     string // the journal of ends beside it; it need not exist
	Program  string // version
}

// keyID is the same for a key file for ever, and tells nothing of its keys.
func keyID(k *seal.Keeper) string { return k.Hash("backup.key_id", "kortverk")[:16] }

const (
	probePurpose = "backup.probe"
	probeWord    = "this key file opens the backup"
)

// Write makes a backup of a database that may be in use. The file must not exist.
func Write(ctx context.Context, from Source, file string) (m Manifest, err error) {
	if _, err := os.Lstat(file); err == nil {
		return m, fmt.Errorf("%s exists already; a backup never replaces another", file)
	}
	keys, err := seal.Open(from.KeyFile)
	if err != nil {
		return m, fmt.Errorf("the key file, whose name goes into the backup: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(file), ".kortverk-backup-*") // 0700
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left there is of no use
	// Before the snapshot: what is added meanwhile is in both, and replaying it changes nothing.
	ends, err := endlog.Read(from.Ends)
	if errors.Is(err, endlog.ErrBroken) {
		ends, err = endlog.Content{}, nil // the backup is good; nothing can be replayed on it
	}
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	snapshot := filepath.Join(dir, "snapshot")
	if err := db.SnapshotSQLite(ctx, from.Database, snapshot); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	if m, err = describe(ctx, snapshot); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	m.EndsMark = ends.Mark()
	m.Program, m.MadeAt, m.KeyFile, m.KeyID = from.Program, time.Now().UTC().Truncate(time.Second), filepath.Base(from.KeyFile), keyID(keys)
	if m.KeyProbe, err = keys.Seal(probePurpose, m.KeyID, []byte(probeWord)); err != nil {
		return m, err
	}
	whole := filepath.Join(dir, "whole")
	if err := assemble(ctx, whole, m, snapshot); err != nil {
		return m, err
	}
	// Linked and not renamed: a backup that another run has made meanwhile stays.
	if err := os.Link(whole, file); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	return m, syncDir(filepath.Dir(file))
}

func assemble(ctx context.Context, to string, m Manifest, snapshot string) error {
	in, err := os.Open(snapshot)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(ctx, out, m, in), out.Sync(), out.Close())
}

// describe reads what the manifest says about the snapshot.
func describe(ctx context.Context, snapshot string) (m Manifest, err error) {
	d, err := db.OpenReadOnly(ctx, db.Options{Path: snapshot})
	if err != nil {
		return m, err
	}
	m, err = db.Read(ctx, d, func(_ context.Context, tx *db.Tx) (m Manifest, err error) {
		if m.Cards, err = db.Value[int64](tx, `SELECT count(*) FROM card`); err != nil {
			return m, err
		}
		m.Position, err = db.Value[int64](tx, `SELECT position FROM journal_head WHERE id = 1`)
		return m, err
	})
	if err == nil {
		m.Schema, err = d.Version(ctx)
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return m, err
	}
	f, err := os.Open(snapshot)
	if err != nil {
		return m, err
	}
	defer f.Close() //nolint:errcheck // only read
	sum := sha256.New()
	m.DatabaseSize, err = io.Copy(sum, reader{ctx, f})
	m.DatabaseSHA256 = hex.EncodeToString(sum.Sum(nil))
	return m, err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
