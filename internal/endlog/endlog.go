package endlog

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/failpoint"
)

// Name is the file's name in the data folder.
const Name = "ends.log"

const magic = "kortverk-ends-1"

// Restored is the subject of the line that a restore leaves.
const Restored = "restored"

// Line is one change.
type Line struct {
	Subject  string // a card number, company/ID, or Restored
	State    string
	Revision int64
	At       time.Time
	Reason   string
}

func (l Line) text() string {
	return strings.Join([]string{word(l.Subject), word(l.State), strconv.FormatInt(l.Revision, 10), l.At.UTC().Format(time.RFC3339Nano), word(l.Reason)}, " ")
}

// word: nothing that comes from outside can make a second line or field.
func word(s string) string {
	if s = strings.Join(strings.Fields(s), "_"); s == "" {
		return "-"
	}
	return s
}

func chain(mark, text string) string {
	sum := sha256.Sum256([]byte(mark + " " + text))
	return hex.EncodeToString(sum[:8])
}

// Content is what a file says.
type Content struct {
	Lines []Line
	marks []string // of the first line of the file, then of each of Lines
	whole int64    // bytes up to the end of the last whole line
}

// Mark is the newest, "" for no file.
func (c Content) Mark() string {
	if len(c.marks) == 0 {
		return ""
	}
	return c.marks[len(c.marks)-1]
}

// After returns the lines behind a mark; false when the file doesn't have it.
func (c Content) After(mark string) ([]Line, bool) {
	for i, m := range c.marks {
		if m == mark {
			return c.Lines[i:], true
		}
	}
	return nil, false
}

// ErrBroken says that the file is not what was written.
var ErrBroken = errors.New("endlog: the chain is broken")

// Read reads a file, also while somebody appends to it. No file is an empty Content. With [ErrBroken] comes what stands
// before the break.
func Read(path string) (Content, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{}, nil
	}
	if err != nil {
		return Content{}, err
	}
	return parse(data)
}

func parse(data []byte) (c Content, err error) {
	for mark := ""; ; {
		end := bytes.IndexByte(data[c.whole:], '\n')
		if end < 0 {
			return c, nil // nothing more, or half a line that was never answered
		}
		line := string(data[c.whole : c.whole+int64(end)])
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 || chain(mark, line[:cut]) != line[cut+1:] {
			return c, fmt.Errorf("%w at byte %d", ErrBroken, c.whole)
		}
		if mark == "" {
			if !strings.HasPrefix(line, magic+" ") {
				return c, fmt.Errorf("%w: another format", ErrBroken)
			}
		} else {
			l, err := parseLine(line[:cut])
			if err != nil {
				return c, fmt.Errorf("%w at byte %d: %w", ErrBroken, c.whole, err)
			}
			c.Lines = append(c.Lines, l)
		}
		mark = line[cut+1:]
		c.marks = append(c.marks, mark)
		c.whole += int64(end) + 1
	}
}

func parseLine(text string) (l Line, err error) {
	f := strings.Split(text, " ")
	if len(f) != 5 {
		return l, errors.New("not five words")
	}
	l.Subject, l.State, l.Reason = f[0], f[1], f[4]
	if l.Reason == "-" {
		l.Reason = ""
	}
	if l.Revision, err = strconv.ParseInt(f[2], 10, 64); err != nil {
		return l, err
	}
	l.At, err = time.Parse(time.RFC3339Nano, f[3])
	return l, err
}

// Log is a file that is appended to.
type Log struct {
	mu      sync.Mutex // of the file's end
	file    *os.File
	mark    string
	size    int64
	written int64 // lines
	broken  error

	sync   sync.Mutex // one sync serves all lines that were written before it
	synced int64
}

// Open opens or makes the file.
func Open(path string, log *slog.Logger) (*Log, error) {
	c, err := Read(path)
	if errors.Is(err, ErrBroken) {
		aside := path + ".broken-" + time.Now().UTC().Format("20060102T150405")
		log.Error("the journal of ends is damaged; it is put aside and a new one begun: make a backup now", "file", aside, "err", err)
		c, err = Content{}, os.Rename(path, aside)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	l := &Log{file: f, mark: c.Mark(), size: c.whole}
	if err = f.Truncate(c.whole); err == nil && l.mark == "" {
		err = l.write(magic + " " + rand.Text())
	}
	if err == nil {
		err = errors.Join(f.Sync(), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// write puts a line at the end, or nothing.
func (l *Log) write(text string) error {
	if l.broken != nil {
		return l.broken
	}
	mark := chain(l.mark, text)
	n, err := l.file.WriteAt([]byte(text+" "+mark+"\n"), l.size)
	if err != nil {
		if cut := l.file.Truncate(l.size); cut != nil {
			l.broken = errors.Join(err, cut)
		}
		return err
	}
	l.mark, l.size = mark, l.size+int64(n)
	l.written++
	return nil
}

// Append writes lines and returns once they are on the disk.
func (l *Log) Append(lines ...Line) error {
	failpoint.Here(failpoint.EndUnwritten)
	l.mu.Lock()
	var err error
	for i := 0; i < len(lines) && err == nil; i++ {
		err = l.write(lines[i].text())
	}
	mine := l.written
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("endlog: %w", err)
	}
	failpoint.Here(failpoint.EndUnsynced)
	l.sync.Lock()
	defer l.sync.Unlock()
	if l.synced >= mine {
		return nil
	}
	l.mu.Lock()
	upTo := l.written
	l.mu.Unlock()
	if err := l.file.Sync(); err != nil {
		// What the disk has is unknown from here on.
		l.mu.Lock()
		l.broken = err
		l.mu.Unlock()
		return fmt.Errorf("endlog: %w", err)
	}
	l.synced = upTo
	failpoint.Here(failpoint.EndSynced)
	return nil
}

var _ io.Closer = (*Log)(nil)

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
