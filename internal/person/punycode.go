package person

import "strings"

// The parameters of RFC 3492, section 5.
const (
	punyBase, punyMin, punyMax   = 36, 1, 26
	punySkew, punyDamp, punyBias = 38, 700, 72
	punyFirst                    = 128
)

// punycode encodes one label of a domain name by RFC 3492, section 6.3. It is here because the library that has it would
// be a dependency for these lines alone. ok is false for a label that is too long for a domain name.
func punycode(label string) (encoded string, ok bool) {
	runes := []rune(label)
	if len(runes) > 63 {
		return "", false
	}
	var b strings.Builder
	for _, r := range runes {
		if r < punyFirst {
			b.WriteByte(byte(r))
		}
	}
	basic := b.Len()
	handled := basic
	if basic > 0 {
		b.WriteByte('-')
	}
	n, delta, bias := punyFirst, 0, punyBias
	for handled < len(runes) {
		next := rune(0x7fffffff)
		for _, r := range runes {
			if int(r) >= n {
				next = min(next, r)
			}
		}
		delta += (int(next) - n) * (handled + 1)
		n = int(next)
		for _, r := range runes {
			if int(r) < n {
				delta++
			}
			if int(r) == n {
				writePuny(&b, delta, bias)
				bias = adaptPuny(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
		n++
	}
	return b.String(), true
}

func writePuny(b *strings.Builder, delta, bias int) {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := punyBase; ; k += punyBase {
		t := min(max(k-bias, punyMin), punyMax)
		if delta < t {
			b.WriteByte(digits[delta])
			return
		}
		b.WriteByte(digits[t+(delta-t)%(punyBase-t)])
		delta = (delta - t) / (punyBase - t)
	}
}

func adaptPuny(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyMin)*punyMax/2 {
		delta /= punyBase - punyMin
		k += punyBase
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
