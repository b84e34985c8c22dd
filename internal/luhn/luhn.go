// Package luhn is the check digit of Swedish personal and organisation numbers, and of card numbers: it finds every
// single wrong digit and nearly every pair of neighbours that changed places.
package luhn

// Digit is the check digit to put behind the digits. ok is false when there is another character in them.
func Digit(digits string) (digit byte, ok bool) {
	sum := 0
	for i := range len(digits) {
		d := int(digits[i]) - '0'
		if d < 0 || d > 9 {
			return 0, false
		}
		if (len(digits)-i)%2 == 1 { // every second one, the last included
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10), true
}

// Valid tells whether the last digit is the check digit of the others.
func Valid(digits string) bool {
	if len(digits) < 2 {
		return false
	}
	d, ok := Digit(digits[:len(digits)-1])
	return ok && d == digits[len(digits)-1]
}
