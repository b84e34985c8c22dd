package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key file is whole or refused, and no refusal repeats what is in it.
func FuzzParseKeyFile(f *testing.F) {
	file := filepath.Join(f.TempDir(), "keys.json")
	if err := Create(file); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"version": 1`), []byte(`"version": 2`), 1))
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"version":1,"wrap_key":"","key_set":"","hash_key":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ks, err := parse(data)
		if err == nil {
			again, err := ks.marshal(ks.handle)
			if err != nil {
				t.Fatal(err)
			}
			back, err := parse(again)
			if err != nil || back.primary != ks.primary || !bytes.Equal(back.hashKey, ks.hashKey) {
				t.Errorf("what was written can't be read: %v", err)
			}
			return
		}
		var in keyFile
		if json.Unmarshal(data, &in) != nil {
			return
		}
		for _, secret := range [][]byte{in.WrapKey, in.HashKey, in.KeySet} {
			if len(secret) >= 8 && (strings.Contains(err.Error(), string(secret)) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString(secret))) {
				t.Error("the error repeats a key")
			}
		}
	})
}

// What opens is what was sealed, for the same purpose and row.
func FuzzUnseal(f *testing.F) {
	file := filepath.Join(f.TempDir(), "keys.json")
	if err := Create(file); err != nil {
		f.Fatal(err)
	}
	k, err := Open(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("person.number", "1", []byte("199001012384"), uint16(7))
	f.Add("pin", "", []byte{}, uint16(0))
	f.Add("a|b", "c", []byte("x"), uint16(40))
	f.Fuzz(func(t *testing.T, purpose, id string, plain []byte, at uint16) {
		sealed, err := k.Seal(purpose, id, plain)
		if err != nil {
			if purpose != "" && id != "" && !strings.Contains(purpose, "|") {
				t.Errorf("%q %q: %v", purpose, id, err)
			}
			return
		}
		if got, err := k.Unseal(purpose, id, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened as %q: %v", got, err)
		}
		if len(plain) > 8 && bytes.Contains(sealed, plain) {
			t.Error("it stands there in clear")
		}
		if _, err := k.Unseal(purpose, id+"x", sealed); err == nil {
			t.Error("it opens for another row")
		}
		sealed[int(at)%len(sealed)] ^= 1
		if _, err := k.Unseal(purpose, id, sealed); err == nil {
			t.Error("it opens although it was altered")
		}
		if _, err := k.Unseal(purpose, id, plain); err == nil {
			t.Error("anything opens")
		}
	})
}
