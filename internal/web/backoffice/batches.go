package backoffice

import (
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// batchesView is the list, with what somebody has to decide above it.
type batchesView struct {
	Menu    ui.Menu
	Waiting []production.Item
	Notices []production.Notice
	Batches []production.Batch
	Unsent  []production.Batch // closed some time ago, and not accepted yet
	After   string
	Next    string
}

type batchView struct {
	Menu  ui.Menu
	Batch production.BatchView
}

type returnView struct {
	Menu ui.Menu
	Item production.Item
	Form ui.Form
}

func batchAt(id uuid.UUID) string { return atBatches + "/" + id.String() }

func (d Deps) batches(v *web.Visit) error {
	ctx := v.R.Context()
	p := batchesView{After: v.Query("after")}
	var err error
	if p.Waiting, err = d.Production.Waiting(ctx, v.Actor); err != nil {
		return err
	}
	if p.Notices, err = d.Production.Notices(ctx, v.Actor, shownNotices); err != nil {
		return err
	}
	if p.Batches, p.Next, err = d.Production.Batches(ctx, v.Actor, p.After, 25); err != nil {
		return err
	}
	if p.Unsent, err = d.Production.Unsent(ctx, v.Actor); err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atBatches); err != nil {
		return err
	}
	return v.Render(batchesPage(p))
}

func (d Deps) batch(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	var p batchView
	if p.Batch, err = d.Production.Batch(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	if p.Menu, err = d.rail(v, atBatches); err != nil {
		return err
	}
	return v.Render(batchPage(p))
}

// remake has a failed card made again.
func (d Deps) remake(v *web.Visit) error {
	item, err := v.PathID("item")
	if err != nil {
		return err
	}
	if err := d.Production.Remake(v.R.Context(), v.Actor, item); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.batches.remade")
	return v.Redirect(atBatches)
}

// askReturn asks what the orderer has to put right.
func (d Deps) askReturn(v *web.Visit) error {
	p, err := d.returnView(v)
	if err != nil {
		return err
	}
	return v.Render(returnPage(p))
}

func (d Deps) returnView(v *web.Visit) (returnView, error) {
	item, err := v.PathID("item")
	if err != nil {
		return returnView{}, err
	}
	waiting, err := d.Production.Waiting(v.R.Context(), v.Actor)
	if err != nil {
		return returnView{}, err
	}
	for _, i := range waiting {
		if i.ID == item {
			m, err := d.rail(v, atBatches)
			return returnView{Menu: m, Item: i}, err
		}
	}
	return returnView{}, v.NotFound()
}

func (d Deps) giveBack(v *web.Visit) error {
	item, err := v.PathID("item")
	if err != nil {
		return err
	}
	err = d.Production.ReturnToOrderer(v.R.Context(), v.Actor, item, v.Text("note"))
	if form, ok := v.Form().With(err); ok {
		p, err := d.returnView(v)
		if err != nil {
			return err
		}
		p.Form = form
		return v.Invalid(returnPage(p))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.batches.returned")
	return v.Redirect(atBatches)
}

// recheck looks again at a line that couldn't be made.
func (d Deps) recheck(v *web.Visit) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	if err := d.Production.Recheck(v.R.Context(), v.Actor, line); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.batches.rechecked")
	return v.Redirect(atBatches)
}

// returnLine gives a line that can't be made back to its orderer.
func (d Deps) returnLine(v *web.Visit) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	if err := d.Production.ReturnIncomplete(v.R.Context(), v.Actor, line); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.batches.line_returned")
	return v.Redirect(atBatches)
}

func (d Deps) settle(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	if err := d.Production.Settle(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	v.Flash(ui.OK, "backoffice.batches.settled")
	return v.Redirect(atBatches)
}

// rejectWords is a bureau's code in words, with the code where we know no words.
func rejectWords(t *i18n.Texts, code production.RejectCode) string {
	text := production.RejectText(t, code)
	if !t.Has("production.reject." + strings.ToLower(string(code))) {
		return text + " (" + string(code) + ")"
	}
	return text
}

// noticeWhy is why a notice is there: codes with commas between.
func noticeWhy(t *i18n.Texts, n production.Notice) string {
	var out []string
	for _, code := range strings.Split(n.Why, ",") {
		if code != "" {
			out = append(out, words(t, "production.why.", code))
		}
	}
	return strings.Join(out, ". ")
}

// look is a tag without its word.
type look struct {
	Tone ui.Tone
	Icon string
}

var batchLooks = map[production.BatchState]look{
	production.Open: {ui.Off, "clock"}, production.Closed: {ui.Wait, "send"}, production.Delivered: {ui.Wait, "printer"},
	production.Acknowledged: {ui.Wait, "package"}, production.Done: {ui.OK, "circle-check"},
}

var itemLooks = map[production.ItemState]look{
	production.Reserved: {ui.Off, "clock"}, production.Sent: {ui.Wait, "printer"}, production.Produced: {ui.Wait, "package"},
	production.Dispatched: {ui.OK, "truck"}, production.Failed: {ui.Act, "triangle-alert"}, production.Remade: {ui.Off, "refresh-cw"},
	production.Returned: {ui.Off, "undo-2"},
}

// stage is how many cards have come how far.
type stage struct {
	Name      string
	Done, All int
}

// bar is full where nothing is left to do, also when that is nothing.
func (s stage) bar() int {
	if s.complete() {
		return max(1, s.All)
	}
	return s.Done
}

func (s stage) complete() bool { return s.Done >= s.All }

// stages of a batch. Those that failed will never be made under their number, so
// the later stages don't wait for them.
func (p batchView) stages(t *i18n.Texts) []stage {
	c := p.Batch.Counts
	ordered := 0
	if !p.Batch.DeliveredAt.IsZero() {
		ordered = c.OrderFile
	}
	return []stage{
		{t.T("backoffice.batch.ordered"), ordered, c.OrderFile},
		{t.T("backoffice.batch.answered"), c.Produced + c.Failed, c.OrderFile},
		{t.T("backoffice.batch.produced"), c.Produced, c.OrderFile - c.Failed},
		{t.T("backoffice.batch.dispatched"), c.Dispatched, c.OrderFile - c.Failed},
	}
}

// lead is one line about the batch.
func (p batchView) lead(t *i18n.Texts) string {
	b := p.Batch
	out := []string{t.T("backoffice.batch.cards", "n", b.Counts.OrderFile), t.T("backoffice.batch.opened", "at", b.OpenedAt)}
	switch {
	case !b.DoneAt.IsZero():
		out = append(out, t.T("backoffice.batch.done", "at", b.DoneAt))
	case !b.DeliveredAt.IsZero():
		out = append(out, t.T("backoffice.batch.delivered", "at", b.DeliveredAt))
	case !b.ClosedAt.IsZero():
		out = append(out, t.T("backoffice.batch.closed", "at", b.ClosedAt))
	}
	return strings.Join(out, ". ") + "."
}

// term of the order file's equation.
type term struct {
	Sign  string
	Say   string // the sign for those who listen
	N     int
	Label string
}

func (p batchView) equation(t *i18n.Texts) []term {
	c := p.Batch.Counts
	equals := term{"=", t.T("backoffice.batch.equals"), c.Produced, t.T("backoffice.batch.made")}
	if !c.Holds() {
		equals.Sign, equals.Say = "≠", t.T("backoffice.batch.differs")
	}
	plus := t.T("backoffice.batch.plus")
	return []term{
		{"", "", c.OrderFile, t.T("backoffice.batch.in_file")},
		equals,
		{"+", plus, c.Failed, t.T("backoffice.batch.failed")},
		{"+", plus, c.Outstanding, t.T("backoffice.batch.outstanding")},
	}
}
