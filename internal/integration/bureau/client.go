package bureau

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/production"
)

// Config is where the bureau is and who we are.
type Config struct {
	URL  string             // without a path behind: https://bureau.example
	Key  ed25519.PrivateKey // ours; the bureau trusts its public half
	HTTP *http.Client       // nil: one of its own, with time limits
}

// Client hands order files to the bureau. It is safe for concurrent use.
type Client struct {
	base string
	key  ed25519.PrivateKey
	http *http.Client
}

var _ production.Bureau = (*Client)(nil)

// New makes a client. Plain http is taken for loopback addresses only.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("bureau address %q is not a web address", c.URL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("bureau address %q: only https, or http on this machine", c.URL)
	}
	if len(c.Key) != ed25519.PrivateKeySize {
		return nil, errors.New("the key for the bureau is missing")
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{
			Timeout:       60 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &Client{base: strings.TrimRight(c.URL, "/"), key: c.Key, http: client}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Delivered is the bureau's answer to an order file.
type Delivered struct {
	Batch    string    `json:"batch"`
	Received time.Time `json:"received"`
	Count    int       `json:"count"`
	SHA256   string    `json:"sha256"`
}

// Deliver hands over an order file; sending the same one again is harmless.
// Errors: bureau.unreachable and bureau.busy (try again), bureau.batch_conflict
// (the bureau holds another file under this batch), bureau.refused (it will
// never take this one), bureau.unpackable (our own file is wrong).
func (c *Client) Deliver(ctx context.Context, b production.OrderFile) error {
	body, err := Pack(b)
	if err != nil {
		return fault.New(fault.Internal, "bureau.unpackable").Because(err)
	}
	var answer Delivered
	if err := c.post(ctx, "/v1/batches", "application/zip", body, http.StatusOK, &answer); err != nil {
		return err
	}
	if answer.Batch != b.Batch || answer.SHA256 != Digest(body) || answer.Count != len(b.Cards) {
		return fault.New(fault.Unavailable, "bureau.unreachable").Because(
			fmt.Errorf("answer to batch %s is about batch %q, %d cards, digest %s", b.Batch, answer.Batch, answer.Count, answer.SHA256))
	}
	return nil
}

// Question is the body of an ask.
type Question struct {
	Batch string   `json:"batch"`
	Cards []string `json:"cards"`
}

// Asked is the answer to a question.
type Asked struct {
	Batch   string   `json:"batch"`
	Unknown []string `json:"unknown"`
}

// Ask asks for the receipts of cards, all of the batch when cards is empty;
// they arrive at the receipts address. Errors: as Deliver, and
// bureau.batch_unknown (never received: deliver it), bureau.card_unknown (the
// batch is there, one of the cards isn't; the receipts of the others come).
func (c *Client) Ask(ctx context.Context, batch string, cards []string) error {
	if !idForm.MatchString(batch) {
		return fault.New(fault.Internal, "bureau.unpackable").Because(fmt.Errorf("batch id %q", batch))
	}
	q := Question{Batch: batch, Cards: slices.Clone(cards)}
	if q.Cards == nil {
		q.Cards = []string{}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return fault.New(fault.Internal, "bureau.unpackable").Because(err)
	}
	var answer Asked
	if err := c.post(ctx, "/v1/batches/"+batch+"/ask", "application/json", body, http.StatusAccepted, &answer); err != nil {
		return err
	}
	if len(answer.Unknown) > 0 {
		return fault.New(fault.NotFound, "bureau.card_unknown", "cards", strings.Join(answer.Unknown, ", "))
	}
	return nil
}

func (c *Client) post(ctx context.Context, path, mediaType string, body []byte, want int, dest any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Internal, "bureau.unpackable").Because(err)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set(SignatureHeader, Sign(c.key, time.Now(), body))
	res, err := c.http.Do(req)
	if err != nil {
		return fault.New(fault.Unavailable, "bureau.unreachable").Because(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return fault.New(fault.Unavailable, "bureau.unreachable").Because(err)
	}
	if res.StatusCode != want {
		return refusal(res, answer)
	}
	if err := json.Unmarshal(answer, dest); err != nil {
		return fault.New(fault.Unavailable, "bureau.unreachable").Because(fmt.Errorf("answer isn't JSON: %w", err))
	}
	return nil
}

// refusal turns an answer into a fault. What the protocol doesn't foresee (a
// proxy's page, a redirect) counts as unreachable: it may pass.
func refusal(res *http.Response, body []byte) error {
	p := Problem{}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind == "application/problem+json" {
		_ = json.Unmarshal(body, &p) // an unreadable problem has no code
	}
	p.Status = res.StatusCode
	switch {
	case p.Status == http.StatusTooManyRequests || p.Status >= 500:
		return fault.New(fault.Unavailable, "bureau.busy").Because(&p)
	case p.Code == "batch_conflict":
		return fault.New(fault.Conflict, "bureau.batch_conflict").Because(&p)
	case p.Code == "batch_unknown":
		return fault.New(fault.NotFound, "bureau.batch_unknown").Because(&p)
	case p.Code != "":
		return fault.New(fault.Invalid, "bureau.refused", "reason", p.Code).Because(&p)
	}
	return fault.New(fault.Unavailable, "bureau.unreachable").Because(&p)
}
