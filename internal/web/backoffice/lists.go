package backoffice

import (
	"net/url"

	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// Cursors lead forward only: the way back is the first page, and the browser's
// own button.
func firstPage(after, href string) string {
	if after == "" {
		return ""
	}
	return href
}

func nextPage(next, href string) string {
	if next == "" {
		return ""
	}
	return href + "?after=" + url.QueryEscape(next)
}

// batchEvents is what happened to the batch as a whole, and to its cards,
// newest first, the last hundred.
func batchEvents(t *i18n.Texts, records []journal.Record) []ui.Event {
	return caseEvents(t, records[max(0, len(records)-100):])
}
