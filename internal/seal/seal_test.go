package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

func newFile(t *testing.T) (string, *seal.Keeper) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := seal.Create(file); err != nil {
		t.Fatal(err)
	}
	return file, open(t, file)
}

func open(t *testing.T, file string) *seal.Keeper {
	t.Helper()
	k, err := seal.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustSeal(t *testing.T, k *seal.Keeper, purpose, id, plain string) []byte {
	t.Helper()
	sealed, err := k.Seal(purpose, id, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantOpens(t *testing.T, k *seal.Keeper, purpose, id string, sealed []byte, want string) {
	t.Helper()
	plain, err := k.Unseal(purpose, id, sealed)
	if err != nil || string(plain) != want {
		t.Errorf("Unseal = %q, %v, want %q", plain, err, want)
	}
}

func TestSealedValueShowsNothingAndOpens(t *testing.T) {
	k := sealtest.NewTest(t)
	a := mustSeal(t, k, "person.number", "1", "199002032382")
	b := mustSeal(t, k, "person.number", "1", "199002032382")
	if bytes.Contains(a, []byte("19900203")) || bytes.Equal(a, b) {
		t.Error("a sealed value must neither show nor repeat its content")
	}
	if len(a) != 12+33 {
		t.Errorf("sealed length %d, want 45 as the package comment says", len(a))
	}
	wantOpens(t, k, "person.number", "1", a, "199002032382")
}

func TestSwappedRowsDontOpen(t *testing.T) {
	k := sealtest.NewTest(t)
	one, two := mustSeal(t, k, "pin", "card-1", "1357"), mustSeal(t, k, "pin", "card-2", "2468")
	for _, tc := range []struct {
		name, purpose, id string
		sealed            []byte
	}{
		{"another row's value", "pin", "card-1", two},
		{"the same value in another row", "pin", "card-2", one},
		{"another purpose", "puk", "card-1", one},
		{"nothing", "pin", "card-1", nil},
		{"cut", "pin", "card-1", one[:len(one)-1]},
		{"one bit changed", "pin", "card-1", append(append([]byte{}, one[:len(one)-1]...), one[len(one)-1]^1)},
	} {
		if plain, err := k.Unseal(tc.purpose, tc.id, tc.sealed); !errors.Is(err, seal.ErrNotOpened) {
			t.Errorf("%s: %q, %v, want ErrNotOpened", tc.name, plain, err)
		}
	}
}

func TestPurposeAndIDAreNeeded(t *testing.T) {
	k := sealtest.NewTest(t)
	for _, tc := range [][2]string{{"", "1"}, {"pin", ""}, {"pin|x", "1"}} {
		if _, err := k.Seal(tc[0], tc[1], []byte("x")); err == nil {
			t.Errorf("Seal(%q, %q) accepted", tc[0], tc[1])
		}
	}
}

func TestRotate(t *testing.T) {
	file, k := newFile(t)
	old := mustSeal(t, k, "pin", "1", "1357")
	hash, key := k.Hash("person.number", "199002032382"), k.Derive("pvv", 32)
	if !k.Current(old) {
		t.Error("sealed by the primary, but not current")
	}
	if err := k.Rotate(); err != nil {
		t.Fatal(err)
	}
	if k.Current(old) {
		t.Error("current after Rotate although an older key sealed it")
	}
	fresh := mustSeal(t, k, "pin", "1", "1357")
	if !k.Current(fresh) {
		t.Error("sealed after Rotate, but not current")
	}
	for _, reader := range []*seal.Keeper{k, open(t, file)} {
		wantOpens(t, reader, "pin", "1", old, "1357")
		wantOpens(t, reader, "pin", "1", fresh, "1357")
		if reader.Hash("person.number", "199002032382") != hash || !bytes.Equal(reader.Derive("pvv", 32), key) {
			t.Error("hashes and derived keys must survive Rotate")
		}
	}
}

func TestRunningKeeperFollowsRotationElsewhere(t *testing.T) {
	file, running := newFile(t)
	other := open(t, file)
	if err := other.Rotate(); err != nil {
		t.Fatal(err)
	}
	wantOpens(t, running, "pin", "1", mustSeal(t, other, "pin", "1", "1357"), "1357")
	if err := running.Rotate(); err != nil { // must build on the other's key, not on its own old ones
		t.Fatal(err)
	}
	wantOpens(t, running, "pin", "1", mustSeal(t, other, "pin", "1", "2468"), "2468")
}

func TestForeignKeyFileIsNotTakenOver(t *testing.T) {
	file, k := newFile(t)
	mine := mustSeal(t, k, "pin", "1", "1357")
	foreign, stranger := newFile(t)
	theirs := mustSeal(t, stranger, "pin", "1", "2468")
	if err := os.Rename(foreign, file); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Unseal("pin", "1", theirs); !errors.Is(err, seal.ErrNotOpened) {
		t.Errorf("opened with another deployment's keys: %v", err)
	}
	wantOpens(t, k, "pin", "1", mine, "1357")
}

func TestHashesArePerPurposeAndPerDeployment(t *testing.T) {
	a, b := sealtest.NewTest(t), sealtest.NewTest(t)
	seen := map[string]string{}
	for name, h := range map[string]string{
		"a number": a.Hash("number", "1"), "a line": a.Hash("line", "1"), "a other value": a.Hash("number", "2"), "b number": b.Hash("number", "1"),
	} {
		if len(h) != 64 || strings.Trim(h, "0123456789abcdef") != "" {
			t.Errorf("%s: %q isn't 64 hexadecimal digits", name, h)
		}
		if same, ok := seen[h]; ok {
			t.Errorf("%s hashes as %s", name, same)
		}
		seen[h] = name
	}
	if first := a.Hash("number", "1"); a.Hash("number", "1") != first {
		t.Error("not stable")
	}
	if len(a.Derive("pvv", 16)) != 16 || bytes.Equal(a.Derive("pvv", 32), a.Derive("token", 32)) {
		t.Error("derived keys must have the length asked for and differ by purpose")
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	file, _ := newFile(t)
	before, _ := os.ReadFile(file)
	if err := seal.Create(file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a key file: %v, want fs.ErrExist", err)
	}
	if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
		t.Error("the keys were changed")
	}
	entries, _ := os.ReadDir(filepath.Dir(file))
	if len(entries) != 1 {
		t.Errorf("%d files left in the folder, want 1", len(entries))
	}
}

func TestFileModeMatters(t *testing.T) {
	file, k := newFile(t)
	if err := k.Rotate(); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660, 0o644} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Open(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: %v, want a refusal that says what to do", mode, err)
		}
	}
}

func TestBrokenFilesAreRefusedWithoutShowingKeys(t *testing.T) {
	file, _ := newFile(t)
	good, _ := os.ReadFile(file)
	var fields map[string]any
	if err := json.Unmarshal(good, &fields); err != nil {
		t.Fatal(err)
	}
	secret := fields["hash_key"].(string)
	for name, change := range map[string]func(m map[string]any){
		"version":  func(m map[string]any) { m["version"] = 2 },
		"short":    func(m map[string]any) { m["hash_key"] = "AAAA" },
		"wrap key": func(m map[string]any) { m["wrap_key"] = secret },
		"key set":  func(m map[string]any) { m["key_set"] = "AAAA" },
		"unknown":  func(m map[string]any) { m["other"] = secret },
		"type":     func(m map[string]any) { m["version"] = secret },
	} {
		m := map[string]any{}
		_ = json.Unmarshal(good, &m)
		change(m)
		data, _ := json.Marshal(m)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.Open(file); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestTwoRotationsDontOverlap(t *testing.T) {
	file, k := newFile(t)
	if err := os.WriteFile(file+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Rotate(); err == nil || !strings.Contains(err.Error(), "another rotation") {
		t.Errorf("Rotate beside another rotation: %v", err)
	}
	if err := os.Remove(file + ".lock"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the lock is let go
		if err := k.Rotate(); err != nil {
			t.Error(err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	_, k := newFile(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				sealed, err := k.Seal("pin", "1", []byte("1357"))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := k.Unseal("pin", "1", sealed); err != nil {
					t.Error(err)
				}
				k.Hash("pin", "1")
			}
			if i%4 == 0 {
				if err := k.Rotate(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
