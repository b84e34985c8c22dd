package dataset

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kortverk/kortverk/internal/person"
)

// words are those by which lines are found. They are kept small until the end and written in the order of their key, since
// millions of them in any other order take minutes.
type words struct {
	index map[string]int32 // of a word
	list  []string
	folds map[string][]int32 // of a name
	rows  []wordRow
	lines []string
	firms []string
	firm  map[string]int32
}

type wordRow struct {
	firm, word, line int32
	kind             byte // 0 name, 1 orderer
}

var wordKinds = [...]string{"name", "orderer"}

func (w *words) add(l *line) {
	if w.index == nil {
		w.index, w.folds, w.firm = map[string]int32{}, map[string][]int32{}, map[string]int32{}
	}
	w.lines = append(w.lines, l.id)
	firm, ok := w.firm[l.firm.id]
	if !ok {
		firm = int32(len(w.firms))
		w.firm[l.firm.id], w.firms = firm, append(w.firms, l.firm.id)
	}
	for kind, name := range []string{l.whole(), l.by.name} {
		for _, word := range w.of(name) {
			w.rows = append(w.rows, wordRow{firm, word, int32(len(w.lines) - 1), byte(kind)})
		}
	}
}

// of are the folded words of a name, each once.
func (w *words) of(name string) []int32 {
	if known, ok := w.folds[name]; ok {
		return known
	}
	split := strings.Fields(person.FoldName(name))
	slices.Sort(split)
	var out []int32
	for _, s := range slices.Compact(split) {
		n, ok := w.index[s]
		if !ok {
			n = int32(len(w.list))
			w.index[s], w.list = n, append(w.list, s)
		}
		out = append(out, n)
	}
	if len(w.folds) < 500_000 {
		w.folds[name] = out
	}
	return out
}

// sortedWords writes them.
func (g *generator) sortedWords() {
	w := &g.words
	firms, list := ranks(w.firms), ranks(w.list)
	slices.SortFunc(w.rows, func(a, b wordRow) int {
		return cmp.Or(cmp.Compare(firms[a.firm], firms[b.firm]), cmp.Compare(a.kind, b.kind), cmp.Compare(list[a.word], list[b.word]), cmp.Compare(a.line, b.line))
	})
	for _, r := range w.rows {
		g.row(tWord, w.firms[r.firm], wordKinds[r.kind], w.list[r.word], w.lines[r.line])
	}
}

// ranks are the places of texts in their order.
func ranks(texts []string) []int32 {
	order := make([]int32, len(texts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(texts[a], texts[b]) })
	out := make([]int32, len(texts))
	for place, i := range order {
		out[i] = int32(place)
	}
	return out
}
