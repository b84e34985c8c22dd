package bureau

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/limit"
	"github.com/kortverk/kortverk/internal/production"
)

// ReceiptsPath is where the bureau sends its receipts.
const ReceiptsPath = "/bureau/v1/receipts"

// The limits of one call.
const (
	MaxReceipts     = 1000
	MaxReceiptsBody = 4 << 20
)

// RejectCodes are the reasons for which a bureau destroys a card.
var RejectCodes = []string{
	"PRINT_COLOUR", "PRINT_SHIFT", "LAMINATE", "SCRATCH", "CHIP_NO_ATR", "CHIP_WRITE", "CHIP_VERIFY", "PHOTO_WRONG",
	"DATA_MISMATCH", "LETTER_MISMATCH", "DOUBLE_FEED", "JAM",
}

// Receipt is a receipt on the wire.
type Receipt struct {
	ID         string    `json:"id"`
	Batch      string    `json:"batch"`
	CardID     string    `json:"card_id"`
	Kind       string    `json:"kind"`
	ChipUID    string    `json:"chip_uid,omitempty"`
	RejectCode string    `json:"reject_code,omitempty"`
	Tracking   string    `json:"tracking,omitempty"`
	At         time.Time `json:"at"`
}

// Answer is what became of one receipt.
type Answer struct {
	ID     string `json:"id"`
	Result string `json:"result"` // applied, repeated, kept, unknown_card, refused
	Why    string `json:"why,omitempty"`
}

// Answers is the body of the answer to receipts.
type Answers struct {
	Answers []Answer `json:"answers"`
}

// Receive takes receipts whose signature was verified (production.Service.Receive).
type Receive func(ctx context.Context, r []production.Receipt) ([]production.Outcome, error)

// Refused hears of messages that were refused before they were receipts, with
// the code of the problem, so that people see them (production.Service.RefusedMessage).
type Refused func(ctx context.Context, why string) error

// maxRefused is how many refused messages an address may send in refusedIn before it is answered with 429 and nothing is
// noted: anybody can send such messages, and each note is a write. What is signed well is taken however many came before.
const (
	maxRefused = 30
	refusedIn  = 10 * time.Minute
)

// Receipts is the handler of ReceiptsPath: POST only, signed by one of keys. ip is the caller's address.
func Receipts(keys Keys, receive Receive, refused Refused, ip func(*http.Request) string, log *slog.Logger) http.Handler {
	limiter := limit.New(maxRefused, refusedIn)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers, err := takeReceipts(w, r, keys, receive)
		if err == nil {
			WriteJSON(w, http.StatusOK, answers)
			return
		}
		problem := asProblem(err)
		if problem.Status < 500 {
			if ok, wait := limiter.Allow(ip(r)); !ok {
				w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
				(&Problem{Status: http.StatusTooManyRequests, Code: "busy", Detail: "too many refused messages from this address"}).Write(w)
				return
			}
		}
		level := slog.LevelWarn
		if problem.Status >= 500 {
			level = slog.LevelError
		}
		log.Log(r.Context(), level, "bureau receipts not taken", "status", problem.Status, "code", problem.Code, "error", err)
		if problem.Status < 500 {
			if err := refused(r.Context(), problem.Code); err != nil {
				log.Error("a refused bureau message is not noted", "error", err)
			}
		}
		problem.Write(w)
	})
}

func takeReceipts(w http.ResponseWriter, r *http.Request, keys Keys, receive Receive) (Answers, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Answers{}, &Problem{Status: http.StatusMethodNotAllowed, Code: "method", Detail: "only POST"}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return Answers{}, &Problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "receipts are application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxReceiptsBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return Answers{}, &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "more than 4 MiB"}
	}
	if err != nil {
		return Answers{}, Malformed("the body ends early")
	}
	if err := keys.Verify(r.Header.Get(SignatureHeader), body, time.Now()); err != nil {
		return Answers{}, err
	}
	receipts, err := ParseReceipts(body)
	if err != nil {
		return Answers{}, err
	}
	outcomes, err := receive(r.Context(), receipts)
	if err != nil {
		return Answers{}, err
	}
	answers := Answers{Answers: []Answer{}}
	for _, o := range outcomes {
		answers.Answers = append(answers.Answers, Answer{ID: o.ID, Result: string(o.Result), Why: o.Why})
	}
	return answers, nil
}

// ParseReceipts reads a body of receipts. One that is malformed makes the
// whole body so: half a file must never count by half. Its error is a *Problem.
func ParseReceipts(body []byte) ([]production.Receipt, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	var wire []Receipt
	if err := dec.Decode(&wire); err != nil {
		return nil, Malformed("the body is not a JSON array of receipts")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, Malformed("something stands behind the array")
	}
	if len(wire) == 0 {
		return nil, Malformed("no receipts")
	}
	if len(wire) > MaxReceipts {
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "more than 1000 receipts"}
	}
	receipts := make([]production.Receipt, 0, len(wire))
	for i, r := range wire {
		if err := checkReceipt(i, r); err != nil {
			return nil, err
		}
		receipts = append(receipts, production.Receipt{
			ID: r.ID, Batch: r.Batch, CardID: r.CardID, Kind: r.Kind, ChipUID: r.ChipUID, RejectCode: r.RejectCode, Tracking: r.Tracking, At: r.At,
		})
	}
	return receipts, nil
}

var (
	uidForm      = regexp.MustCompile(`^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$`)
	randomUID    = regexp.MustCompile(`^08[0-9A-F]{6}$`) // ISO/IEC 14443-3: another one at each reading
	trackingForm = regexp.MustCompile(`^[A-Za-z0-9 -]{0,40}$`)
)

func checkReceipt(i int, r Receipt) error {
	if !idForm.MatchString(r.ID) || !idForm.MatchString(r.Batch) || !idForm.MatchString(r.CardID) {
		return Malformed("receipt %d: id, batch or card_id has a wrong form", i)
	}
	if r.At.IsZero() {
		return Malformed("receipt %d: at is missing", i)
	}
	switch r.Kind {
	case production.ReceiptProduced:
		// Whether the card has a chip, the product knows.
		if r.ChipUID != "" && !uidForm.MatchString(r.ChipUID) || randomUID.MatchString(r.ChipUID) {
			return Malformed("receipt %d: chip_uid has a wrong form", i)
		}
	case production.ReceiptFailed:
		if !slices.Contains(RejectCodes, r.RejectCode) {
			return Malformed("receipt %d: reject_code is not known", i)
		}
	case production.ReceiptDispatched:
		if !trackingForm.MatchString(r.Tracking) {
			return Malformed("receipt %d: tracking has a wrong form", i)
		}
	default:
		return Malformed("receipt %d: kind is not known", i)
	}
	return nil
}

// asProblem hides what the bureau need not know: a fault of ours becomes its
// kind, anything else "internal".
func asProblem(err error) *Problem {
	if p := (*Problem)(nil); errors.As(err, &p) {
		return p
	}
	if _, ok := fault.As(err); ok {
		switch fault.KindOf(err) {
		case fault.TooMany:
			return &Problem{Status: http.StatusTooManyRequests, Code: "busy", Detail: "try again later"}
		case fault.Unavailable, fault.Conflict:
			return &Problem{Status: http.StatusServiceUnavailable, Code: "busy", Detail: "try again later"}
		}
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "our fault; send it again"}
}
