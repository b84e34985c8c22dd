package bureausim

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
)

// Step is how far a card is.
type Step string

// The steps.
const (
	Printing   Step = "printing"
	Encoded    Step = "encoded"
	Dispatched Step = "dispatched"
	Failed     Step = "failed"
)

// Knobs is how the bureau behaves.
type Knobs struct {
	Automatic       bool   `json:"automatic"`
	ProduceAfterMS  int    `json:"produce_after_ms"`
	DispatchAfterMS int    `json:"dispatch_after_ms"`
	SlowMS          int    `json:"slow_ms"`
	Refuse          string `json:"refuse"` // "", "busy", "refused"
	FailNext        int    `json:"fail_next"`
	FailCode        string `json:"fail_code"`
	LoseNext        int    `json:"lose_next"`
	Twice           bool   `json:"twice"`
	OutOfOrder      bool   `json:"out_of_order"`
}

// DefaultKnobs is a bureau on a good day.
func DefaultKnobs() Knobs {
	return Knobs{Automatic: true, ProduceAfterMS: 3000, DispatchAfterMS: 6000, FailCode: "SCRATCH"}
}

func (k Knobs) check() error {
	switch {
	case !slices.Contains([]string{"", "busy", "refused"}, k.Refuse):
		return errors.New(`refuse is "", "busy" or "refused"`)
	case !slices.Contains(bureau.RejectCodes, k.FailCode):
		return errors.New("fail_code is not a reject code")
	case min(k.ProduceAfterMS, k.DispatchAfterMS, k.SlowMS, k.FailNext, k.LoseNext) < 0 || k.SlowMS > 120_000:
		return errors.New("a number is negative or too large")
	}
	return nil
}

// Batch is an order file that was taken.
type Batch struct {
	ID       string    `json:"batch"`
	Created  time.Time `json:"created"`  // as in the file
	Received time.Time `json:"received"` // here
	Count    int       `json:"count"`
	SHA256   string    `json:"sha256"`
	Cards    []*Card   `json:"cards"`
}

// Card is a card of a batch.
type Card struct {
	bureau.Record
	SVG        bool       `json:"svg"` // the file has a picture of the front
	Step       Step       `json:"step"`
	ChipUID    string     `json:"chip_uid,omitempty"`
	RejectCode string     `json:"reject_code,omitempty"`
	Tracking   string     `json:"tracking,omitempty"`
	Lost       bool       `json:"lost"` // its receipts aren't sent until asked for
	Receipts   []*Receipt `json:"receipts"`
	Log        []string   `json:"log"` // what else was sent, and the answers
}

// Receipt is a receipt that was made.
type Receipt struct {
	bureau.Receipt
	Hold    bool      `json:"hold"`  // not to be sent yet
	Times   int       `json:"times"` // how often it is still to be sent
	Tries   int       `json:"tries"` // failed ones in a row
	NextTry time.Time `json:"next_try"`
	Answer  string    `json:"answer"` // the last one
}

type state struct {
	Knobs   Knobs    `json:"knobs"`
	Batches []*Batch `json:"batches"` // oldest first
}

// store keeps state and order files, in a folder or in memory.
type store struct {
	folder string
	files  map[string][]byte // without a folder
}

func openStore(folder string) (*store, state, error) {
	st := state{Knobs: DefaultKnobs()}
	s := &store{folder: folder, files: map[string][]byte{}}
	if folder == "" {
		return s, st, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, st, err
	}
	raw, err := os.ReadFile(filepath.Join(folder, "state.json"))
	if errors.Is(err, os.ErrNotExist) {
		return s, st, nil
	}
	if err != nil {
		return nil, st, err
	}
	return s, st, json.Unmarshal(raw, &st)
}

func (s *store) save(st state) error {
	if s.folder == "" {
		return nil
	}
	raw, err := json.MarshalIndent(st, "", " ")
	if err != nil {
		return err
	}
	return s.write("state.json", raw)
}

// write replaces a file as a whole: a kill in the middle leaves the old one.
func (s *store) write(name string, data []byte) error {
	tmp, err := os.CreateTemp(s.folder, "new-*")
	if err != nil {
		return err
	}
	_, err1 := tmp.Write(data)
	err2 := tmp.Sync()
	err3 := tmp.Close()
	if err := errors.Join(err1, err2, err3); err != nil {
		_ = os.Remove(tmp.Name())
		return err
	}
	return os.Rename(tmp.Name(), filepath.Join(s.folder, name))
}

// keep stores an order file. Its batch has the form of an id, so it is a safe file name.
func (s *store) keep(batch string, body []byte) error {
	if s.folder == "" {
		s.files[batch] = body
		return nil
	}
	return s.write(batch+".zip", body)
}

// file reads one file out of a batch's order file.
func (s *store) file(batch, name string) ([]byte, error) {
	body, ok := s.files[batch]
	if s.folder != "" {
		var err error
		if body, err = os.ReadFile(filepath.Join(s.folder, batch+".zip")); err != nil {
			return nil, err
		}
	} else if !ok {
		return nil, os.ErrNotExist
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// reset forgets all order files.
func (s *store) reset(batches []*Batch) {
	clear(s.files)
	for _, b := range batches {
		if s.folder != "" {
			_ = os.Remove(filepath.Join(s.folder, b.ID+".zip"))
		}
	}
}
