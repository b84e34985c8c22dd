package world

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/web/ui"
)

// readerAnswer is what the product answered to the reader.
type readerAnswer struct {
	Number  string
	Valid   bool
	Reason  string
	Millis  string
	Request string // as sent, the key hidden
	Body    string // as received

	At time.Time // when the answer was there
}

type readerView struct {
	Form   ui.Form
	Number string
	Cards  []printed
	Answer *readerAnswer
}

// printed is a card that lies at the bureau's table.
type printed struct {
	Number, Name string
	Sent         bool
}

// hold asks the product about a card over the reader API, as any reader does.
func (w *World) hold(ctx context.Context, number string) readerAnswer {
	path := "/reader/v1/cards/" + url.PathEscape(strings.TrimSpace(number))
	a := readerAnswer{Number: number, Reason: "unreachable", Request: "GET " + path + "\nAuthorization: Bearer ••••••\n"}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.product()+path, nil)
	if err != nil {
		return a
	}
	req.Header.Set("Authorization", "Bearer "+w.readerKey())
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return a
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return a
	}
	a.At = time.Now()
	a.Millis = strconv.FormatFloat(float64(a.At.Sub(began).Microseconds())/1000, 'f', 1, 64)
	a.Body = res.Status + "\n" + string(body)
	var said struct {
		CardNumber string `json:"card_number"`
		Valid      bool   `json:"valid"`
		Reason     string `json:"reason"`
	}
	switch {
	case res.StatusCode == http.StatusUnprocessableEntity:
		a.Reason = "malformed"
	case res.StatusCode == http.StatusOK && json.Unmarshal(body, &said) == nil:
		a.Number, a.Valid, a.Reason = said.CardNumber, said.Valid, said.Reason
		w.seen.answer(said.Valid, said.Reason)
	}
	return a
}

func (a readerAnswer) word() string {
	switch {
	case a.Valid:
		return "valid"
	case a.Reason == "unknown" || a.Reason == "malformed":
		return "unknown"
	case a.Reason == "unreachable":
		return "failed"
	}
	return "stop"
}

func (a readerAnswer) icon() string {
	switch a.word() {
	case "valid":
		return "circle-check"
	case "stop":
		return "ban"
	}
	return "circle-help"
}
