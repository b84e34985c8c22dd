package kill

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// The commands that people give.
const (
	CmdDraft     = "draft"
	CmdSubmit    = "submit"
	CmdPass      = "pass"
	CmdSign      = "sign"
	CmdActivate  = "activate"
	CmdPIN       = "pin"
	CmdBlock     = "block"
	CmdUnblock   = "unblock"
	CmdTerminate = "terminate"
)

// What is known of a command.
const (
	Intent   = "intent"   // it is going to be sent
	Answered = "answered" // the product has said that it is done
	Found    = "found"    // the connection broke, and the product shows that it is done
	Broken   = "broken"   // the connection broke: it may have been done
	Refused  = "refused"  // the product has said that it isn't done and won't be
	Checked  = "checked"  // not a command: what a reader was told about a card
)

// Event is one line of the record. Times are microseconds since the record began.
type Event struct {
	At      int64  `json:"at"`
	ID      string `json:"id,omitempty"` // of the command; stands as a note in the product where it takes notes
	Command string `json:"command,omitempty"`
	What    string `json:"what"`
	Line    string `json:"line,omitempty"`
	Order   string `json:"order,omitempty"`
	Card    string `json:"card,omitempty"` // its number
	PIN     string `json:"pin,omitempty"`
	Began   int64  `json:"began,omitempty"` // of a check
	Valid   bool   `json:"valid,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Recorder writes events to a file; each is on the disk before the next step is taken.
type Recorder struct {
	mu    sync.Mutex
	file  *os.File
	began time.Time
	last  int
	err   error
}

// NewRecorder makes the file.
func NewRecorder(path string) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	return &Recorder{file: f, began: time.Now()}, err
}

// Now is the time in the record.
func (r *Recorder) Now() int64 { return time.Since(r.began).Microseconds() }

// Add writes an event down and answers when.
func (r *Recorder) Add(e Event) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.At = r.Now()
	data, err := json.Marshal(e)
	if err == nil {
		_, err = r.file.Write(append(data, '\n'))
	}
	if err == nil {
		err = r.file.Sync()
	}
	if r.err == nil {
		r.err = err
	}
	return e.At
}

// Intend writes down what is going to be done, and gives it an id.
func (r *Recorder) Intend(e Event) Event {
	r.mu.Lock()
	r.last++
	e.ID = fmt.Sprintf("kill-%d", r.last)
	r.mu.Unlock()
	e.What = Intent
	r.Add(e)
	return e
}

// Close closes the file and says whether all of it was written.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.file.Close(); r.err == nil {
		r.err = err
	}
	return r.err
}

// ReadRecord reads a file of events.
func ReadRecord(path string) ([]Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Event
	for d := json.NewDecoder(f); d.More(); {
		var e Event
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
