package db_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
)

func TestPageCutsWhatWasReadWithOneTooMany(t *testing.T) {
	for name, c := range map[string]struct {
		all          []int
		back, within bool
		list         []int
		next, prev   string
	}{
		"first of many":  {[]int{1, 2, 3}, false, false, []int{1, 2}, "2", ""},
		"middle":         {[]int{3, 4, 5}, false, true, []int{3, 4}, "4", "3"},
		"last":           {[]int{5}, false, true, []int{5}, "", "5"},
		"all":            {[]int{1, 2}, false, false, []int{1, 2}, "", ""},
		"back to middle": {[]int{4, 3, 2}, true, true, []int{3, 4}, "4", "3"},
		"back to first":  {[]int{2, 1}, true, true, []int{1, 2}, "2", ""},
		"nothing":        {nil, false, true, nil, "", ""},
	} {
		list, next, prev := db.Page(c.all, 2, c.back, c.within, strconv.Itoa)
		if !slices.Equal(list, c.list) || next != c.next || prev != c.prev {
			t.Errorf("%s: %v, next %q, prev %q", name, list, next, prev)
		}
	}
}
