package bureausim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/production"
)

func newKey(seed byte) (ed25519.PrivateKey, bureau.Keys) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return k, bureau.NewKeys(k.Public().(ed25519.PublicKey))
}

// product is the side that orders cards: the real adapter and the real
// receipts handler, with a memory instead of a database behind them.
type product struct {
	t      *testing.T
	sim    *Sim
	simURL string
	client *bureau.Client

	mu    sync.Mutex
	got   []production.Receipt // as they arrived
	known map[string]bool      // cards
	seen  map[string]bool      // receipt ids
	why   []string             // codes of messages that were refused whole
	fail  int                  // so many of the next calls fail on our side
}

// refused remembers why messages were refused before they were receipts.
func (p *product) refused(_ context.Context, why string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.why = append(p.why, why)
	return nil
}

func (p *product) receive(_ context.Context, receipts []production.Receipt) ([]production.Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		return nil, fault.New(fault.Unavailable, "db.unavailable")
	}
	var out []production.Outcome
	for _, r := range receipts {
		o := production.Outcome{ID: r.ID, Result: production.Applied}
		switch {
		case !p.known[r.CardID]:
			o.Result = production.UnknownCard
		case p.seen[r.ID]:
			o.Result = production.Repeated
		}
		p.seen[r.ID] = true
		p.got = append(p.got, r)
		out = append(out, o)
	}
	return out, nil
}

// kinds are the kinds of receipts about a card, as they arrived.
func (p *product) kinds(card string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []string
	for _, r := range p.got {
		if r.CardID == card {
			kinds = append(kinds, r.Kind)
		}
	}
	return strings.Join(kinds, " ")
}

func (p *product) waitKinds(card, want string) {
	p.t.Helper()
	for range 200 {
		if p.kinds(card) == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Errorf("receipts about %s: %q, want %q", card, p.kinds(card), want)
}

// connect starts both sides on ports and lets them know each other.
func connect(t *testing.T, folder string, knobs string) *product {
	t.Helper()
	ourKey, trustUs := newKey(1)
	theirKey, trustThem := newKey(2)
	p := &product{t: t, known: map[string]bool{}, seen: map[string]bool{}}
	mux := http.NewServeMux()
	mux.Handle(bureau.ReceiptsPath, bureau.Receipts(trustThem, p.receive, p.refused, remote, slog.New(slog.DiscardHandler)))
	ours := httptest.NewServer(mux)
	t.Cleanup(ours.Close)
	var err error
	p.sim, err = New(Config{Key: theirKey, Trust: trustUs, ReceiptsURL: ours.URL + bureau.ReceiptsPath, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	theirs := httptest.NewServer(p.sim.Handler())
	t.Cleanup(theirs.Close)
	p.simURL = theirs.URL
	if p.client, err = bureau.New(bureau.Config{URL: theirs.URL, Key: ourKey}); err != nil {
		t.Fatal(err)
	}
	if knobs != "" {
		if status, body := p.call(http.MethodPut, "/_sim/knobs", knobs); status != http.StatusOK {
			t.Fatalf("knobs: %d %s", status, body)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

// call is a program's call to the simulator.
func (p *product) call(method, path, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.simURL+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// act presses a button on a card and gives what our receipts address answered.
func (p *product) act(card, action string) (said Said) {
	p.t.Helper()
	status, body := p.call(http.MethodPost, "/_sim/batches/batch-1/cards/"+card+"/"+action, "")
	if status != http.StatusOK {
		p.t.Fatalf("%s: %d %s", action, status, body)
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		p.t.Fatal(err)
	}
	return said
}

func (p *product) file(n int) production.OrderFile {
	f := production.OrderFile{Version: 1, Batch: "batch-1", CreatedAt: time.Date(2030, 1, 2, 8, 0, 0, 0, time.UTC)}
	for i := range n {
		id := "card-" + string(rune('a'+i))
		p.known[id] = true
		f.Cards = append(f.Cards, production.OrderCard{
			CardID: id, Number: "BB-1234-567897", Type: "standard", Chip: true, GivenName: "Jonas", Surname: "Petraitis <b>", Company: "Furuborg Bygg AB",
			ValidUntil: "2029-11-30", Artwork: []byte("%PDF-1.7 " + id), ArtworkSVG: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"),
			Photo: []byte("\xff\xd8 " + id), Address: []string{"Furuborg Bygg AB", "123 45  STAD"}, OrderRef: "B-7F3K29",
		})
	}
	return f
}

func (p *product) deliver(n int) {
	p.t.Helper()
	if err := p.client.Deliver(p.t.Context(), p.file(n)); err != nil {
		p.t.Fatal(err)
	}
}

const manual = `{"automatic":false}`

func TestCardsComeByThemselves(t *testing.T) {
	p := connect(t, "", `{"produce_after_ms":50,"dispatch_after_ms":150}`)
	p.deliver(2)
	p.waitKinds("card-a", "produced dispatched")
	p.waitKinds("card-b", "produced dispatched")
	p.mu.Lock()
	defer p.mu.Unlock()
	chips := map[string]bool{}
	for _, r := range p.got {
		if r.Batch != "batch-1" || r.At.Year() != 2030 { // runs from the order file's clock
			t.Errorf("%+v", r)
		}
		if r.Kind == production.ReceiptProduced {
			chips[r.ChipUID] = len(r.ChipUID) == 14
		}
		if r.Kind == production.ReceiptDispatched && (len(r.Tracking) != 13 || !strings.HasSuffix(r.Tracking, "SE")) {
			t.Errorf("tracking %q", r.Tracking)
		}
	}
	if len(chips) != 2 {
		t.Errorf("chips %v", chips)
	}
}

// A card without a chip is made as any other, and its receipt names none.
//
// Rows: 72
func TestCardWithoutChipIsNotEncoded(t *testing.T) {
	p := connect(t, "", `{"produce_after_ms":50,"dispatch_after_ms":150}`)
	file := p.file(1)
	file.Cards[0].Type, file.Cards[0].Chip = "visitor", false
	if err := p.client.Deliver(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	p.waitKinds("card-a", "produced dispatched")
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.got {
		if r.ChipUID != "" {
			t.Errorf("%s names the chip %s", r.Kind, r.ChipUID)
		}
	}
}

func TestTheSameFileTwiceIsOneBatch(t *testing.T) {
	p := connect(t, "", manual)
	p.deliver(2)
	p.deliver(2)
	if st := (&handler{Sim: p.sim}).snapshot(); len(st.Batches) != 1 || len(st.Batches[0].Cards) != 2 {
		t.Errorf("%d batches", len(st.Batches))
	}
	other := p.file(2)
	other.Cards[1].Surname = "Petraitienė"
	if err := p.client.Deliver(t.Context(), other); !fault.Has(err, "bureau.batch_conflict") || fault.KindOf(err) != fault.Conflict {
		t.Errorf("another file under the same batch: %v", err)
	}
}

func TestConcurrentDeliveriesAreOneBatch(t *testing.T) {
	p := connect(t, "", manual)
	f := p.file(1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.client.Deliver(t.Context(), f); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if st := (&handler{Sim: p.sim}).snapshot(); len(st.Batches) != 1 {
		t.Errorf("%d batches", len(st.Batches))
	}
}

func TestStrangersOrderNothing(t *testing.T) {
	p := connect(t, "", manual)
	stranger, _ := newKey(9)
	c, err := bureau.New(bureau.Config{URL: p.simURL, Key: stranger})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Deliver(t.Context(), p.file(1)); !fault.Has(err, "bureau.refused") {
		t.Errorf("%v", err)
	}
	for path, kind := range map[string]string{"/v1/batches": "application/zip", "/v1/batches/batch-1/ask": "application/json"} {
		res, err := http.Post(p.simURL+path, kind, strings.NewReader("x"))
		if err != nil || res.StatusCode != http.StatusUnauthorized || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s without a signature: %v %v", path, res, err)
		}
		res.Body.Close()
	}
	if st := (&handler{Sim: p.sim}).snapshot(); len(st.Batches) != 0 {
		t.Error("a batch was taken")
	}
}

func TestBureauThatIsBusyRefusingOrSlow(t *testing.T) {
	p := connect(t, "", `{"automatic":false,"refuse":"busy"}`)
	if err := p.client.Deliver(t.Context(), p.file(1)); !fault.Has(err, "bureau.busy") || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("busy: %v", err)
	}
	p.call(http.MethodPut, "/_sim/knobs", `{"refuse":"refused"}`)
	if err := p.client.Deliver(t.Context(), p.file(1)); !fault.Has(err, "bureau.refused") || fault.KindOf(err) != fault.Invalid {
		t.Errorf("refused: %v", err)
	}
	p.call(http.MethodPut, "/_sim/knobs", `{"refuse":"","slow_ms":400}`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.client.Deliver(ctx, p.file(1)); !fault.Has(err, "bureau.unreachable") {
		t.Errorf("slow: %v", err)
	}
	p.call(http.MethodPut, "/_sim/knobs", `{"slow_ms":0}`)
	p.deliver(1) // whether it took the first one or not
	if st := (&handler{Sim: p.sim}).snapshot(); len(st.Batches) != 1 {
		t.Errorf("%d batches", len(st.Batches))
	}
	for _, wrong := range []string{`{"refuse":"often"}`, `{"fail_code":"UGLY"}`, `{"slow_ms":-1}`, `{"nonsense":1}`, `{`} {
		if status, _ := p.call(http.MethodPut, "/_sim/knobs", wrong); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

func TestButtons(t *testing.T) {
	p := connect(t, "", manual)
	p.deliver(5)
	if said := p.act("card-a", "produce"); said.Status != http.StatusOK || !strings.Contains(said.Body, `"result":"applied"`) {
		t.Errorf("produce: %+v", said)
	}
	p.act("card-a", "dispatch")
	p.act("card-b", "fail?code=CHIP_WRITE")
	p.act("card-c", "dispatch") // makes it first
	p.act("card-d", "out_of_order")
	for card, want := range map[string]string{
		"card-a": "produced dispatched", "card-b": "failed", "card-c": "produced dispatched", "card-d": "dispatched produced", "card-e": "",
	} {
		p.waitKinds(card, want)
	}
	if i := slices.IndexFunc(p.got, func(r production.Receipt) bool { return r.Kind == production.ReceiptFailed }); p.got[i].RejectCode != "CHIP_WRITE" {
		t.Errorf("%+v", p.got[i])
	}
	for path, want := range map[string]int{
		"cards/card-a/produce": http.StatusConflict, "cards/card-b/dispatch": http.StatusConflict, "cards/card-e/twice": http.StatusConflict,
		"cards/card-e/fail?code=UGLY": http.StatusConflict, "cards/card-e/paint": http.StatusNotFound, "cards/card-x/produce": http.StatusNotFound,
	} {
		if status, body := p.call(http.MethodPost, "/_sim/batches/batch-1/"+path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := p.call(http.MethodPost, "/_sim/batches/batch-1/dispatch", ""); status != http.StatusOK {
		t.Errorf("the whole batch: %d", status)
	}
	p.waitKinds("card-e", "produced dispatched")
}

func TestSentTwiceIsRepeated(t *testing.T) {
	p := connect(t, "", `{"automatic":false,"twice":true}`)
	p.deliver(2)
	if said := p.act("card-a", "produce"); !strings.Contains(said.Body, `"result":"repeated"`) {
		t.Errorf("%+v", said)
	}
	p.waitKinds("card-a", "produced produced")
	p.call(http.MethodPut, "/_sim/knobs", `{"twice":false}`)
	p.act("card-b", "produce")
	p.act("card-b", "twice")
	p.waitKinds("card-b", "produced produced produced")
	if p.got[0].ID != p.got[1].ID {
		t.Error("the same receipt has two ids")
	}
}

func TestOutOfOrderByItself(t *testing.T) {
	p := connect(t, "", `{"produce_after_ms":20,"dispatch_after_ms":150,"out_of_order":true}`)
	p.deliver(1)
	p.waitKinds("card-a", "dispatched produced")
}

func TestRejectsByKnob(t *testing.T) {
	p := connect(t, "", `{"produce_after_ms":20,"dispatch_after_ms":60,"fail_next":1,"fail_code":"LAMINATE"}`)
	p.deliver(2)
	p.waitKinds("card-a", "failed")
	p.waitKinds("card-b", "produced dispatched")
}

func TestLostReceiptsComeWhenAskedFor(t *testing.T) {
	p := connect(t, "", `{"produce_after_ms":20,"dispatch_after_ms":60,"lose_next":1}`)
	p.deliver(2)
	p.waitKinds("card-b", "produced dispatched")
	if got := p.kinds("card-a"); got != "" {
		t.Errorf("lost, but came: %q", got)
	}
	if err := p.client.Ask(t.Context(), "batch-1", []string{"card-a"}); err != nil {
		t.Fatal(err)
	}
	p.waitKinds("card-a", "produced dispatched")
	if err := p.client.Ask(t.Context(), "batch-1", nil); err != nil {
		t.Fatal(err)
	}
	p.waitKinds("card-b", "produced dispatched produced dispatched")
	if err := p.client.Ask(t.Context(), "batch-2", nil); !fault.Has(err, "bureau.batch_unknown") {
		t.Errorf("a batch that never came: %v", err)
	}
	err := p.client.Ask(t.Context(), "batch-1", []string{"card-a", "card-x"})
	if f, _ := fault.As(err); f == nil || f.Code != "bureau.card_unknown" || f.Args["cards"] != "card-x" {
		t.Errorf("a card that never came: %v", err)
	}
}

func TestWhatMustNotCountDoesNot(t *testing.T) {
	p := connect(t, "", manual)
	p.deliver(1)
	p.act("card-a", "lose")
	for action, want := range map[string]struct {
		status int
		text   string
	}{
		"forged": {http.StatusUnauthorized, "key_unknown"}, "half": {http.StatusUnauthorized, "signature_invalid"}, "unknown": {http.StatusOK, "unknown_card"},
	} {
		if said := p.act("card-a", action); said.Status != want.status || !strings.Contains(said.Body, want.text) {
			t.Errorf("%s: %+v", action, said)
		}
	}
	if got := p.kinds("card-a"); got != "" {
		t.Errorf("card-a got %q", got)
	}
}

// Our side fails, later it doesn't: the receipt comes again.
func TestReceiptsAreSentUntilTheyAreTaken(t *testing.T) {
	p := connect(t, "", manual)
	p.deliver(1)
	p.fail = 1
	if said := p.act("card-a", "produce"); said.Status != http.StatusServiceUnavailable {
		t.Errorf("%+v", said)
	}
	p.waitKinds("card-a", "produced")
}

func TestRestartKeepsBatchesAndWhatIsStillToBeSent(t *testing.T) {
	folder := t.TempDir()
	p := connect(t, folder, manual)
	p.deliver(2)
	p.act("card-a", "lose")
	again := connect(t, folder, "")
	again.known["card-a"], again.known["card-b"] = true, true
	if err := again.client.Deliver(t.Context(), p.file(2)); err != nil {
		t.Errorf("the same file after a restart: %v", err)
	}
	if err := again.client.Ask(t.Context(), "batch-1", nil); err != nil {
		t.Fatal(err)
	}
	again.waitKinds("card-a", "produced dispatched")
	if status, body := again.call(http.MethodGet, "/batches/batch-1/photo/card-b", ""); status != http.StatusOK || body != "\xff\xd8 card-b" {
		t.Errorf("photo: %d %q", status, body)
	}
	if status, _ := again.call(http.MethodPost, "/_sim/reset", ""); status != http.StatusNoContent {
		t.Errorf("reset: %d", status)
	}
	if status, _ := again.call(http.MethodGet, "/_sim/batches/batch-1", ""); status != http.StatusNotFound {
		t.Errorf("after reset: %d", status)
	}
}

func TestPagesInBothLanguages(t *testing.T) {
	p := connect(t, "", manual)
	empty, _ := p.call(http.MethodGet, "/", "")
	p.deliver(2)
	p.act("card-a", "dispatch")
	p.act("card-a", "forged")
	p.act("card-b", "fail")
	if empty != http.StatusOK {
		t.Errorf("empty page: %d", empty)
	}
	for path, want := range map[string]string{
		"/?lang=sv": "Låt tillverkaren krångla", "/?lang=en": "Let the bureau misbehave", "/batches/batch-1?lang=sv": "Kasserat (SCRATCH)",
		"/batches/batch-1?lang=en": "Jonas Petraitis &lt;b&gt;", "/_sim/batches": `"step": "dispatched"`, "/_sim/knobs": `"automatic": false`,
	} {
		if status, body := p.call(http.MethodGet, path, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, no %q in %s", path, status, want, body)
		}
	}
	for path, kind := range map[string]string{
		"/batches/batch-1/pdf/card-a": "application/pdf", "/batches/batch-1/svg/card-a": "image/svg+xml", "/batches/batch-1/photo/card-a": "image/jpeg",
	} {
		res, err := http.Get(p.simURL + path)
		if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != kind || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v %v", path, res, err)
		}
		res.Body.Close()
	}
	for _, path := range []string{"/batches/batch-2", "/batches/batch-1/svg/card-x", "/batches/batch-1/gif/card-a", "/nowhere"} {
		if status, _ := p.call(http.MethodGet, path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestFormsWorkWithoutScripts(t *testing.T) {
	p := connect(t, "", manual)
	p.deliver(1)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/batches/batch-1/cards/card-a/produce": "/batches/batch-1#card-a",
		"/knobs?automatic=1&fail_code=JAM":      "/",
	} {
		res, err := client.Post(p.simURL+path, "application/x-www-form-urlencoded", nil)
		if err != nil || res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != want {
			t.Errorf("%s: %v %v", path, res, err)
		}
		res.Body.Close()
	}
	if k := (&handler{Sim: p.sim}).snapshot().Knobs; !k.Automatic || k.FailCode != "JAM" {
		t.Errorf("%+v", k)
	}
}
