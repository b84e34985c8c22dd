package luhn

import "testing"

func TestVectors(t *testing.T) {
	for digits, want := range map[string]bool{
		"6408233234": true, "7010632391": true, "9001010017": true, "5566304928": true, "5562265719": true, "2021005489": true,
		"79927398713": true, "6408233235": false, "0000000000": true, "64O8233234": false, "640823-3234": false, "": false, "0": false,
	} {
		if Valid(digits) != want {
			t.Errorf("Valid(%q) = %v", digits, !want)
		}
	}
}

func TestFindsEverySingleWrongDigit(t *testing.T) {
	good := []byte("6408233234")
	for i := range good {
		for d := byte('0'); d <= '9'; d++ {
			bad := append([]byte{}, good...)
			bad[i] = d
			if want := d == good[i]; Valid(string(bad)) != want {
				t.Errorf("Valid(%s) = %v", bad, !want)
			}
		}
	}
}
