package smtpsim

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultMax is how many mails are kept.
const DefaultMax = 500

// Knobs is how the server behaves.
type Knobs struct {
	Refuse     []string `json:"refuse"`      // addresses that don't exist: 550
	Temporary  int      `json:"temporary"`   // so many of the next messages get 451
	SlowMS     int      `json:"slow_ms"`     // waits before it takes a message
	Duplicate  bool     `json:"duplicate"`   // each message arrives twice
	LoseAnswer int      `json:"lose_answer"` // so many of the next messages are taken, and the line breaks before the answer
}

// box is all mails and knobs.
type box struct {
	mu     sync.Mutex
	mails  []Mail // oldest first
	last   int
	max    int
	folder string // "" = memory only
	knobs  Knobs
	news   chan struct{} // closed and replaced when a mail arrives
}

func openBox(folder string, most int) (*box, error) {
	b := &box{max: cmp.Or(most, DefaultMax), folder: folder, news: make(chan struct{})}
	if folder == "" {
		return b, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := b.reload(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	b.trim()
	return b, nil
}

// reload reads a kept mail. Who it was for stands in the file's own header lines.
func (b *box) reload(name string) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".eml"))
	if err != nil {
		return nil // somebody else's file
	}
	env, message, ok := strings.Cut(string(raw), "\r\n\r\n")
	if !ok {
		return fmt.Errorf("not a kept mail")
	}
	m := Mail{ID: id}
	for line := range strings.SplitSeq(env, "\r\n") {
		field, value, _ := strings.Cut(line, ": ")
		switch field {
		case "X-Sim-From":
			m.From = value
		case "X-Sim-To":
			m.To = append(m.To, value)
		case "X-Sim-At":
			if m.At, err = time.Parse(time.RFC3339Nano, value); err != nil {
				return err
			}
		}
	}
	m.parse([]byte(message))
	b.mails = append(b.mails, m)
	b.last = max(b.last, id)
	return nil
}

// put keeps a message.
func (b *box) put(from string, to []string, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	times := 1
	if b.knobs.Duplicate {
		times = 2
	}
	for range times {
		b.last++
		m := Mail{ID: b.last, From: from, To: slices.Clone(to), At: time.Now().UTC()}
		m.parse(raw)
		if err := b.save(m, raw); err != nil {
			return err
		}
		b.mails = append(b.mails, m)
	}
	b.trim()
	close(b.news)
	b.news = make(chan struct{})
	return nil
}

func (b *box) save(m Mail, raw []byte) error {
	if b.folder == "" {
		return nil
	}
	var head strings.Builder
	fmt.Fprintf(&head, "X-Sim-From: %s\r\nX-Sim-At: %s\r\n", m.From, m.At.Format(time.RFC3339Nano))
	for _, to := range m.To {
		fmt.Fprintf(&head, "X-Sim-To: %s\r\n", to)
	}
	head.WriteString("\r\n")
	return os.WriteFile(b.file(m.ID), append([]byte(head.String()), raw...), 0o600)
}

func (b *box) file(id int) string { return filepath.Join(b.folder, fmt.Sprintf("%08d.eml", id)) }

func (b *box) trim() {
	for len(b.mails) > b.max {
		b.drop(b.mails[0])
		b.mails = b.mails[1:]
	}
}

func (b *box) drop(m Mail) {
	if b.folder != "" {
		_ = os.Remove(b.file(m.ID)) // it may be gone already
	}
}

// list gives mails to an address (all when it is "") newer than since.
func (b *box) list(to string, since int) ([]Mail, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Mail{}
	for _, m := range b.mails {
		if m.ID > since && m.isTo(to) {
			found = append(found, m)
		}
	}
	return found, b.news
}

func (b *box) get(id int) (Mail, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return b.mails[i], true
}

func (b *box) clear(to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = slices.DeleteFunc(b.mails, func(m Mail) bool {
		if m.isTo(to) {
			b.drop(m)
			return true
		}
		return false
	})
}

func (b *box) getKnobs() Knobs {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.knobs
	k.Refuse = append([]string{}, k.Refuse...)
	return k
}

func (b *box) setKnobs(k Knobs) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k.Temporary, k.LoseAnswer, k.SlowMS = max(0, k.Temporary), max(0, k.LoseAnswer), min(max(0, k.SlowMS), 60_000)
	b.knobs = k
}

// refuses tells whether an address doesn't exist.
func (b *box) refuses(to string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.knobs.Refuse, func(s string) bool { return strings.EqualFold(s, to) })
}

// take counts down one of the "next n" knobs.
func (b *box) take(n func(*Knobs) *int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := n(&b.knobs)
	if *left == 0 {
		return false
	}
	*left--
	return true
}
