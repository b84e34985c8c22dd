package card

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/seal"
)

// commonPINs are the ones that people choose most.
var commonPINs = []string{
	"1234", "1111", "0000", "1212", "7777", "1004", "2000", "4444", "2222", "6969",
	"9999", "3333", "5555", "6666", "1122", "1313", "8888", "4321", "2001", "1010",
}

// newPIN draws four digits until nothing about the card or the person, and no
// habit, would have guessed them.
func newPIN(n Number, born clock.Date) (string, error) {
	for {
		v, err := rand.Int(rand.Reader, big.NewInt(10_000))
		if err != nil {
			return "", err
		}
		if pin := fmt.Sprintf("%04d", v.Int64()); !patternPIN(pin) && !relatedPIN(pin, n, born) {
			return pin, nil
		}
	}
}

// patternPIN finds all equal, runs up and down, ABAB, and years 1900–2035: 248
// of the 10,000.
func patternPIN(p string) bool {
	equal, up, down := true, true, true
	for i := 1; i < len(p); i++ {
		step := int(p[i]) - int(p[i-1])
		equal, up, down = equal && step == 0, up && step == 1, down && step == -1
	}
	abab := p[0] == p[2] && p[1] == p[3]
	return equal || up || down || abab || (p >= "1900" && p <= "2035")
}

// relatedPIN finds the card's own digits, the birthday and the common choices.
func relatedPIN(p string, n Number, born clock.Date) bool {
	d := n.Digits()
	if p == d[:4] || p == d[len(d)-4:] || slices.Contains(commonPINs, p) {
		return true
	}
	if born.IsZero() {
		return false
	}
	md, dm := fmt.Sprintf("%02d%02d", born.Month, born.Day), fmt.Sprintf("%02d%02d", born.Day, born.Month)
	return p == md || p == dm || p == fmt.Sprintf("%04d", born.Year)
}

const pinPurpose = "card.pin"

// pinID binds a sealed PIN to its card and activation: moved to another row it
// doesn't open.
func pinID(n Number, activation uuid.UUID) string {
	return "v1|" + string(n) + "|" + activation.String()
}

// sealedPIN is what is stored of a PIN.
type sealedPIN struct {
	Activation uuid.UUID
	Sealed     []byte
	Check      string // keyed check value: a reader's question needn't open the seal
}

func sealPIN(k *seal.Keeper, n Number, activation uuid.UUID, pin string) (sealedPIN, error) {
	sealed, err := k.Seal(pinPurpose, pinID(n, activation), []byte(pin))
	if err != nil {
		return sealedPIN{}, err
	}
	check := k.Hash("card.pvv", pinID(n, activation)+"|"+pin)
	return sealedPIN{activation, sealed, check[:16]}, nil
}

func unsealPIN(k *seal.Keeper, n Number, p sealedPIN) (string, error) {
	plain, err := k.Unseal(pinPurpose, pinID(n, p.Activation), p.Sealed)
	return string(plain), err
}
