package kill

import (
	"encoding/hex"
	"testing"
)

// The eight leaves and the root that implementations of RFC 6962 are tested with (certificate-transparency, merkletree).
func TestTree(t *testing.T) {
	var entries [][]byte
	for _, text := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, b)
	}
	all := tree(entries)
	if got := hex.EncodeToString(all[len(all)-1][:]); len(all) != 15 || got != "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" {
		t.Errorf("%d hashes, the root is %s", len(all), got)
	}
}
