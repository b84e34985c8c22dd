package db

import "slices"

// Page cuts a list that was read with one row too many, and says where the pages around it begin: at gives a row's cursor.
// back: it was read backwards, from a later page; within: it was read from a cursor. next and prev are "" at the ends.
func Page[T any](all []T, limit int, back, within bool, at func(T) string) (list []T, next, prev string) {
	more := len(all) > limit
	if more {
		all = all[:limit]
	}
	if back {
		slices.Reverse(all)
	}
	if len(all) == 0 {
		return all, "", ""
	}
	if more || back {
		next = at(all[len(all)-1])
	}
	if back && more || !back && within {
		prev = at(all[0])
	}
	return all, next, prev
}
