package overload

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// writer is one person who corrects a draft of an order again and again: each time the e-mail address has the next number.
type writer struct {
	p        *harness.Program
	page     string // of the draft's first step
	fields   url.Values
	asked    int // the last number that was sent
	answered int // the last number that was answered
}

var email = regexp.MustCompile(`name="email"[^>]*value="nr(\d+)@furuborg\.example"|value="nr(\d+)@furuborg\.example"[^>]*name="email"`)

// writers have a draft each.
func writers(t *testing.T, s *harness.Sandbox, n int) []*writer {
	t.Helper()
	h := s.Person("jonas")
	var all []*writer
	for range n {
		p := s.SignIn("alva")
		w := &writer{p: p, page: p.Post(s.Company("furuborg")+"/orders/new", url.Values{})}
		w.fields = url.Values{
			"given_name": {h.GivenName}, "surname": {h.Surname}, "birth_date": {h.BirthDate}, "nationality": {h.Nationality},
			"personal_number": {h.PersonalNumber}, "phone": {h.Phone}, "lang": {h.Lang},
		}
		all = append(all, w)
		if a := w.write(w.try); a.status != http.StatusSeeOther {
			t.Fatalf("a draft can't be written: %d, %v", a.status, a.err)
		}
		for _, other := range all[:len(all)-1] {
			if other.page == w.page {
				t.Fatal("two writers have one draft")
			}
		}
	}
	return all
}

// try does one request by way of the harness, which fails the test when the connection does.
func (w *writer) try(method string, form url.Values) (answer, string) {
	a := w.p.Try(method, w.page, form)
	return answer{status: a.Status, retry: a.Header.Get("Retry-After")}, a.Body
}

// write reads the draft's revision and saves the next number.
func (w *writer) write(do func(method string, form url.Values) (answer, string)) answer {
	a, body := do("GET", nil)
	if a.status != http.StatusOK || a.err != nil {
		return a
	}
	m := revision.FindStringSubmatch(body)
	if m == nil {
		return answer{err: fmt.Errorf("no revision on the page of a draft")}
	}
	w.asked++
	w.fields.Set("email", fmt.Sprintf("nr%d@furuborg.example", w.asked))
	w.fields.Set("revision", m[1])
	if a, _ = do("POST", w.fields); a.status == http.StatusSeeOther && a.err == nil {
		w.answered = w.asked
	}
	return a
}

// kept fails when what was answered last isn't there. What was sent and not answered may be there or not.
func (w *writer) kept(t *testing.T) {
	t.Helper()
	a, body := w.try("GET", nil)
	m := email.FindStringSubmatch(body)
	if a.status != http.StatusOK || m == nil {
		t.Errorf("the draft can't be read: %d", a.status)
		return
	}
	if n := strings.Join(m[1:], ""); n != fmt.Sprint(w.answered) && n != fmt.Sprint(w.asked) {
		t.Errorf("the draft says %s; %d was answered, %d sent", n, w.answered, w.asked)
	}
	w.answered = w.asked // from here on anew, whichever it was
	if n := strings.Join(m[1:], ""); n != fmt.Sprint(w.asked) {
		_, _ = fmt.Sscan(n, &w.answered)
		w.asked = w.answered
	}
}
