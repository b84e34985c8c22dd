package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
)

// ErrNotOpened says that a sealed value doesn't open: it was altered, belongs to another row or purpose, or was sealed by
// a key that the key file doesn't have.
var ErrNotOpened = errors.New("seal: sealed value doesn't open")

// Keeper seals, opens and hashes with the keys of one file. It is safe for concurrent use.
type Keeper struct {
	file   string
	keys   atomic.Pointer[keys]
	reread sync.Mutex
	hashes sync.Map // purpose → []byte, the purpose's own hash key
}

// Open reads a key file made by [Create].
func Open(file string) (*Keeper, error) {
	ks, err := load(file)
	if err != nil {
		return nil, err
	}
	k := &Keeper{file: file}
	k.keys.Store(ks)
	return k, nil
}

// Rotate adds a new primary key to the file and uses it from now on. What older keys sealed still opens.
func (k *Keeper) Rotate() error {
	k.reread.Lock()
	defer k.reread.Unlock()
	unlock, err := lock(k.file)
	if err != nil {
		return err
	}
	defer unlock()
	ks, err := load(k.file) // not the keys in memory: another process may have rotated
	if err != nil {
		return err
	}
	data, err := ks.rotated()
	if err != nil {
		return err
	}
	if err := replace(k.file, data); err != nil {
		return err
	}
	if ks, err = load(k.file); err != nil {
		return err
	}
	k.keys.Store(ks)
	return nil
}

// Seal encrypts plain for one purpose and one row.
func (k *Keeper) Seal(purpose, id string, plain []byte) ([]byte, error) {
	ad, err := label(purpose, id)
	if err != nil {
		return nil, err
	}
	sealed, err := k.keys.Load().aead.Encrypt(plain, ad)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Unseal opens what Seal made for the same purpose and id. Error: [ErrNotOpened].
func (k *Keeper) Unseal(purpose, id string, sealed []byte) ([]byte, error) {
	ad, err := label(purpose, id)
	if err != nil {
		return nil, err
	}
	ks := k.keys.Load()
	plain, err := ks.aead.Decrypt(sealed, ad)
	if err == nil {
		return plain, nil
	}
	if fresh := k.refresh(ks); fresh != nil {
		if plain, err = fresh.aead.Decrypt(sealed, ad); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("%w (%s)", ErrNotOpened, purpose)
}

// refresh reads the key file again if it isn't the one behind old any more; nil when there is nothing newer.
func (k *Keeper) refresh(old *keys) *keys {
	k.reread.Lock()
	defer k.reread.Unlock()
	if now := k.keys.Load(); now != old {
		return now
	}
	info, err := os.Stat(k.file)
	if err != nil || stampOf(info) == old.stamp {
		return nil
	}
	fresh, err := load(k.file)
	if err != nil || !hmac.Equal(fresh.hashKey, old.hashKey) {
		return nil // half-written, or the file of another deployment: keep what works
	}
	k.keys.Store(fresh)
	return fresh
}

// Current tells whether the primary key sealed the value. What isn't current is to be opened and sealed anew.
func (k *Keeper) Current(sealed []byte) bool {
	return len(sealed) > cryptofmt.TinkPrefixSize && sealed[0] == cryptofmt.TinkStartByte &&
		binary.BigEndian.Uint32(sealed[1:]) == k.keys.Load().primary
}

// Hash is HMAC-SHA-256 of the value under the purpose's own key, as 64 hexadecimal digits. It is the same after Rotate.
func (k *Keeper) Hash(purpose, value string) string {
	key, ok := k.hashes.Load(purpose)
	if !ok {
		key, _ = k.hashes.LoadOrStore(purpose, k.derive("hash|"+purpose, sha256.Size))
	}
	h := hmac.New(sha256.New, key.([]byte))
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))
}

// Derive gives a key of n bytes (1 to 8160) for a purpose of the caller's, the same for ever. It isn't related to the keys
// of Hash, even for the same purpose.
func (k *Keeper) Derive(purpose string, n int) []byte {
	return k.derive("key|"+purpose, n)
}

func (k *Keeper) derive(info string, n int) []byte {
	key, err := hkdf.Key(sha256.New, k.keys.Load().hashKey, nil, "kortverk v1|"+info, n)
	if err != nil {
		panic(fmt.Sprintf("seal: derive %d bytes: %v", n, err)) // only for a length that no constant should have
	}
	return key
}

// label is the associated data. A purpose with "|" could be read as another purpose with a longer id.
func label(purpose, id string) ([]byte, error) {
	if purpose == "" || id == "" || strings.Contains(purpose, "|") {
		return nil, fmt.Errorf("seal: purpose %q and an id are needed, the purpose without |", purpose)
	}
	return []byte(purpose + "|" + id), nil
}
