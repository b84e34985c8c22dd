package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	fileVersion = 1
	keySize     = 32
	wrapLabel   = "kortverk key set v1"
)

// keyFile is the file as it stands on disk.
type keyFile struct {
	Version int    `json:"version"`
	WrapKey []byte `json:"wrap_key"`
	KeySet  []byte `json:"key_set"`
	HashKey []byte `json:"hash_key"`
}

// keys is the file opened for use. It never changes; a rotation makes another one.
type keys struct {
	wrapKey []byte
	hashKey []byte
	handle  *keyset.Handle
	aead    tink.AEAD
	primary uint32
	stamp   stamp
}

// stamp tells whether the file is still the one that was read.
type stamp struct {
	size     int64
	modified int64
}

// Create writes a key file with fresh keys, readable by its owner only. It never overwrites: the error then is
// [fs.ErrExist], and the existing keys are untouched.
func Create(file string) error {
	ks := &keys{wrapKey: make([]byte, keySize), hashKey: make([]byte, keySize)}
	_, _ = rand.Read(ks.wrapKey) // never fails: crypto/rand ends the program instead
	_, _ = rand.Read(ks.hashKey)
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("seal: new key set: %w", err)
	}
	data, err := ks.marshal(handle)
	if err != nil {
		return err
	}
	return writeNew(file, data)
}

// writeNew writes through a file of its own, linked into place when it is whole: a crash leaves no half key file.
func writeNew(file string, data []byte) error {
	tmp, err := writeTemp(file, data)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp) }()
	if err := os.Link(tmp, file); err != nil {
		return fmt.Errorf("seal: create key file: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

func replace(file string, data []byte) error {
	tmp, err := writeTemp(file, data)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, file); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("seal: replace key file: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

func writeTemp(file string, data []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("seal: write key file: %w", err)
	}
	_, werr := f.Write(data)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("seal: write key file: %w", err)
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("seal: key folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// lock keeps two processes from rotating at once: the second would write the file without the first one's key, and what
// was sealed with that would be lost.
func lock(file string) (unlock func(), err error) {
	name := file + ".lock"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("seal: another rotation holds %s; if none is running, remove that file", name)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: lock key file: %w", err)
	}
	return func() { _ = os.Remove(name) }, f.Close()
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
}

// load reads and opens the key file.
func load(file string) (*keys, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("seal: key file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("seal: key file %s may be read by others (mode %04o): run chmod 600 %s", file, mode, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("seal: key file: %w", err)
	}
	ks, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", file, err)
	}
	ks.stamp = stampOf(info)
	return ks, nil
}

func parse(data []byte) (*keys, error) {
	var f keyFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, errors.New("isn't a key file") // the decoder's text could repeat key material
	}
	if f.Version != fileVersion {
		return nil, fmt.Errorf("has version %d, this program reads version %d", f.Version, fileVersion)
	}
	if len(f.WrapKey) != keySize || len(f.HashKey) != keySize {
		return nil, fmt.Errorf("has a key of the wrong length, want %d bytes", keySize)
	}
	wrap, err := subtle.NewAESGCM(f.WrapKey)
	if err != nil {
		return nil, err
	}
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(f.KeySet)), wrap, []byte(wrapLabel))
	if err != nil {
		return nil, fmt.Errorf("the key set doesn't open: %w", err)
	}
	ks := &keys{wrapKey: f.WrapKey, hashKey: f.HashKey, handle: handle}
	if ks.aead, err = aead.New(handle); err != nil {
		return nil, fmt.Errorf("the key set can't be used: %w", err)
	}
	primary, err := handle.Primary()
	if err != nil {
		return nil, fmt.Errorf("the key set has no primary key: %w", err)
	}
	ks.primary = primary.KeyID()
	return ks, nil
}

func (ks *keys) marshal(handle *keyset.Handle) ([]byte, error) {
	wrap, err := subtle.NewAESGCM(ks.wrapKey)
	if err != nil {
		return nil, fmt.Errorf("seal: wrap key: %w", err)
	}
	var set bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&set), wrap, []byte(wrapLabel)); err != nil {
		return nil, fmt.Errorf("seal: wrap key set: %w", err)
	}
	data, err := json.MarshalIndent(keyFile{fileVersion, ks.wrapKey, set.Bytes(), ks.hashKey}, "", "  ")
	return append(data, '\n'), err
}

// rotated is the file's content with one key more, the new primary.
func (ks *keys) rotated() ([]byte, error) {
	m := keyset.NewManagerFromHandle(ks.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("seal: new primary key: %w", err)
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("seal: new key set: %w", err)
	}
	return ks.marshal(handle)
}
