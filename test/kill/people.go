package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// town is the people who work with the product, and what they share.
type town struct {
	ctx    context.Context // ends when nobody may go on
	s      *harness.Sandbox
	rec    *Recorder
	client *http.Client

	companies []string // paths /o/…
	orderer   *browser
	reviewer  *browser
	drafting  sync.Mutex // the product gives an orderer the untouched draft again

	mu         sync.Mutex
	closing    bool // nobody begins anything new
	complaints []string
	cards      []string // numbers that are known
	journeys   int
}

func (t *town) url(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return t.s.Product.URL + path
}

// complain notes what must not happen whoever is killed.
func (t *town) complain(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.complaints) < 20 {
		t.complaints = append(t.complaints, fmt.Sprintf(format, args...))
	}
}

func (t *town) closed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closing || t.ctx.Err() != nil
}

func (t *town) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closing = true
}

// live is a cardholder's life: cards of one company after the other.
func (t *town) live(holder *browser, picture []byte, dice *rand.Rand) {
	for i := dice.IntN(len(t.companies)); !t.closed(); i++ {
		j := &journey{town: t, holder: holder, picture: picture, company: t.companies[i%len(t.companies)], dice: dice}
		if err := j.walk(); err != nil && !errors.Is(err, errLate) {
			t.complain("%s at %s: %v", holder.who.ID, j.company, err)
			t.pause(time.Second)
		}
		t.mu.Lock()
		t.journeys++
		t.mu.Unlock()
	}
}

// journey is one card, from the order to its end.
type journey struct {
	*town
	holder  *browser
	picture []byte
	company string
	dice    *rand.Rand

	line, order, number string
}

func (j *journey) walk() error {
	replaces := ""
	for _, step := range []func() error{
		func() error { return j.make("") },
		func() error { return j.check(true) },
		func() error { return j.showPIN() },
		func() error {
			if replaces = ""; j.dice.IntN(4) == 0 {
				replaces = j.number
				return j.make(replaces)
			}
			return nil
		},
		func() error {
			if replaces != "" {
				return j.checkOf(replaces, false)
			}
			return nil
		},
		func() error { return j.act(CmdBlock) },
		func() error { return j.check(false) },
		func() error {
			if j.dice.IntN(3) == 0 {
				if err := j.act(CmdUnblock); err != nil {
					return err
				}
				return j.check(true)
			}
			return nil
		},
		func() error { return j.act(CmdTerminate) },
		func() error { return j.check(false) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// make orders a card, has it reviewed, signed and made, and activates it.
func (j *journey) make(replaces string) error {
	review, err := j.draft(replaces)
	if err != nil {
		return err
	}
	for _, step := range []func() error{func() error { return j.submit(review) }, j.pass, j.sign, j.receive, j.activate} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// draft walks the order form up to the page that sends.
func (j *journey) draft(replaces string) (review string, err error) {
	b, h := j.orderer, j.holder.who
	who, err := j.begin(replaces)
	if err != nil {
		return "", err
	}
	at := strings.TrimSuffix(who, "/who")
	j.line = at[strings.LastIndex(at, "/")+1:]
	form := func(path string, more url.Values) func(page, url.Values) (page, error) {
		return func(_ page, f url.Values) (page, error) {
			for k, v := range more {
				f[k] = v
			}
			return b.post(path, f)
		}
	}
	if _, err = b.fill(at+"/card", form(at+"/card", url.Values{"card_type": {"standard"}, "valid_until": {""}})); err != nil {
		return "", err
	}
	_, err = b.fill(at+"/photo", func(_ page, f url.Values) (page, error) {
		f.Set("action", "upload")
		return b.upload(at+"/photo", f, j.picture)
	})
	if err != nil {
		return "", err
	}
	if _, err = b.fill(at+"/photo", form(at+"/photo", url.Values{"action": {"use"}})); err != nil {
		return "", err
	}
	_, err = b.fill(at+"/delivery", func(p page, f url.Values) (page, error) {
		f.Set("address", p.find(address))
		f.Set("reference", "KV-"+h.ID)
		return b.post(at+"/delivery", f)
	})
	return at + "/review", err
}

// begin makes a draft and says who is to have the card, alone: another draft of the same orderer would be taken for it.
func (j *journey) begin(replaces string) (who string, err error) {
	j.drafting.Lock()
	defer j.drafting.Unlock()
	b, h := j.orderer, j.holder.who
	form := url.Values{}
	if replaces != "" {
		form.Set("card", replaces)
	}
	for who == "" {
		p, err := b.post(j.company+"/orders/new", form)
		switch {
		case j.ctx.Err() != nil:
			return "", errLate
		case errors.Is(err, errBroken), err == nil && (p.status >= 500 || p.status == http.StatusTooManyRequests):
			j.pause(100 * time.Millisecond)
		case err != nil:
			return "", err
		case p.status == http.StatusSeeOther:
			who = p.location
		default:
			return "", p.unexpected("POST", j.company+"/orders/new")
		}
	}
	line := strings.TrimSuffix(who, "/who")
	e := j.rec.Intend(Event{Command: CmdDraft, Line: line[strings.LastIndex(line, "/")+1:]})
	j.told(e, Answered)
	_, err = b.fill(who, func(_ page, f url.Values) (page, error) {
		for k, v := range map[string]string{
			"given_name": h.GivenName, "surname": h.Surname, "birth_date": h.BirthDate, "nationality": h.Nationality,
			"personal_number": h.PersonalNumber, "email": h.Email, "phone": h.Phone, "lang": h.Lang,
		} {
			f.Set(k, v)
		}
		return b.post(who, f)
	})
	return who, err
}

func (j *journey) told(e Event, what string) {
	e.What = what
	j.rec.Add(e)
}

// insist gives a command until it is known to be done. look opens the page that shows whether it is done already, or the
// form to do it with; give sends it.
func (j *journey) insist(e Event, look func() (done bool, p page, err error), give func(p page, id string) (done bool, err error)) error {
	e = j.rec.Intend(e)
	broken := false
	for range 100 {
		done, p, err := look()
		if err != nil {
			return err
		}
		if done {
			if !broken {
				return fmt.Errorf("%s %s: the product shows it done before it was asked for", e.Command, e.ID)
			}
			j.told(e, Found)
			return nil
		}
		done, err = give(p, e.ID)
		switch {
		case done:
			j.told(e, Answered)
			return nil
		case errors.Is(err, errBroken):
			broken = true
			j.told(e, Broken)
		case err != nil:
			j.told(e, Refused)
			return err
		}
		if j.ctx.Err() != nil {
			return errLate
		}
		j.pause(100 * time.Millisecond)
	}
	return fmt.Errorf("%s %s: given up after a hundred attempts", e.Command, e.ID)
}

func (j *journey) submit(review string) error {
	return j.insist(Event{Command: CmdSubmit, Line: j.line}, func() (bool, page, error) {
		p, err := j.orderer.get(review)
		if p.status == http.StatusSeeOther {
			j.order = p.location
			return true, p, err
		}
		return false, p, err
	}, func(p page, _ string) (bool, error) {
		a, err := j.orderer.post(review, url.Values{"revision": {p.find(revision)}})
		if err != nil {
			return false, err
		}
		if a.status == http.StatusSeeOther {
			j.order = a.location
			return true, nil
		}
		return false, again(a, "POST", review)
	})
}

// again is nil when a person would press the button once more.
func again(p page, method, path string) error {
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		return nil
	}
	return p.unexpected(method, path)
}

func (j *journey) pass() error {
	at := "/office/review/" + j.line
	return j.insist(Event{Command: CmdPass, Line: j.line}, func() (bool, page, error) {
		p, err := j.reviewer.get(at)
		return !strings.Contains(p.body, `"`+at+`/pass"`), p, err
	}, func(p page, _ string) (bool, error) {
		a, err := j.reviewer.post(at+"/pass", url.Values{"revision": {p.find(revision)}})
		if err != nil {
			return false, err
		}
		if a.status == http.StatusSeeOther {
			return true, nil
		}
		return false, again(a, "POST", at)
	})
}

func (j *journey) sign() error {
	at, h := "/me/approve/"+j.line, j.holder.who
	return j.insist(Event{Command: CmdSign, Line: j.line}, func() (bool, page, error) {
		p, err := j.holder.get(at)
		return p.location == at+"/done", p, err
	}, func(p page, _ string) (bool, error) {
		a, err := j.holder.post(at, url.Values{
			"revision": {p.find(revision)}, "phone": {h.Phone}, "street": {"Ekvägen 12"}, "postcode": {"111 22"}, "city": {"Exempelstad"}, "country": {"SE"},
		})
		if err != nil {
			return false, err
		}
		if !strings.HasPrefix(a.location, "/eid/") {
			if a.status == http.StatusConflict { // another order of this person is under way at the provider
				return false, errBroken
			}
			return false, again(a, "POST", at)
		}
		next, err := j.holder.identify(a.location)
		if err != nil {
			return false, err
		}
		if next == at+"/done" {
			return true, nil
		}
		return false, errBroken // it led nowhere: look
	})
}

// receive waits for the card, whose number its orderer sees.
func (j *journey) receive() error {
	at := j.order + "/lines/" + j.line
	for began := time.Now(); j.ctx.Err() == nil; {
		if time.Since(began) > 3*time.Minute {
			return fmt.Errorf("line %s was signed, and there is no card after three minutes", j.line)
		}
		p, err := j.orderer.get(at)
		if err != nil {
			return err
		}
		if j.number = p.find(cardLink); j.number != "" {
			j.mu.Lock()
			j.cards = append(j.cards, j.number)
			j.mu.Unlock()
			return nil
		}
		j.pause(250 * time.Millisecond)
	}
	return errLate
}

func (j *journey) activate() error {
	at := "/me/cards/" + j.number + "/activate"
	shown := ""
	err := j.insist(Event{Command: CmdActivate, Line: j.line, Card: j.number}, func() (bool, page, error) {
		p, err := j.holder.get(at)
		return p.status == http.StatusSeeOther, p, err
	}, func(page, string) (bool, error) {
		a, err := j.holder.post(at, url.Values{"digits": {j.number[len(j.number)-6:]}})
		if err != nil {
			return false, err
		}
		if shown = a.find(pinDigits); a.status == http.StatusOK && shown != "" {
			return true, nil
		}
		return false, j.fresh(a, at)
	})
	if shown != "" {
		j.rec.Add(Event{Command: CmdPIN, What: Answered, Card: j.number, PIN: shown})
	}
	return err
}

// fresh identifies again where that is asked for.
func (j *journey) fresh(a page, at string) error {
	if a.status == http.StatusSeeOther && strings.HasPrefix(a.location, "/eid/") {
		_, err := j.holder.identify(a.location)
		return err
	}
	if a.status == http.StatusSeeOther || a.status == http.StatusConflict {
		return nil // look again
	}
	return again(a, "POST", at)
}

func (j *journey) showPIN() error {
	at := "/me/cards/" + j.number + "/pin"
	for j.ctx.Err() == nil {
		a, err := j.holder.post(at, url.Values{"number": {j.number}})
		switch {
		case errors.Is(err, errBroken):
			j.rec.Add(Event{Command: CmdPIN, What: Broken, Card: j.number})
		case err != nil:
			return err
		case a.status == http.StatusOK:
			j.rec.Add(Event{Command: CmdPIN, What: Answered, Card: j.number, PIN: a.find(pinDigits)})
			return nil
		default:
			if err := j.fresh(a, at); err != nil {
				return err
			}
		}
		j.pause(100 * time.Millisecond)
	}
	return errLate
}

// act blocks, opens or ends the card as its company. The id of the command is its note.
func (j *journey) act(command string) error {
	at := j.company + "/cards/" + j.number + "/" + command
	return j.insist(Event{Command: command, Line: j.line, Card: j.number}, func() (bool, page, error) {
		p, err := j.orderer.get(at)
		return p.status == http.StatusSeeOther, p, err
	}, func(p page, id string) (bool, error) {
		a, err := j.orderer.post(at, url.Values{"revision": {p.find(revision)}, "reason": {reasons[command]}, "note": {id}})
		if err != nil {
			return false, err
		}
		if a.status == http.StatusSeeOther {
			return true, nil
		}
		if a.status == http.StatusConflict { // it moved since the page was opened: look again
			return false, nil
		}
		return false, again(a, "POST", at)
	})
}

var reasons = map[string]string{CmdBlock: "lost", CmdTerminate: "employment_ended"}

// check holds the card to a reader and says what must be heard.
func (j *journey) check(valid bool) error { return j.checkOf(j.number, valid) }

func (j *journey) checkOf(number string, valid bool) error {
	for j.ctx.Err() == nil {
		e, err := j.ask(number)
		if err == nil {
			if e.Valid != valid {
				return fmt.Errorf("the reader hears of %s: %v, %s; valid was to be %v", number, e.Valid, e.Reason, valid)
			}
			return nil
		}
		j.pause(100 * time.Millisecond)
	}
	return errLate
}

// ask is one question of a reader, which is written down when it is answered.
func (t *town) ask(number string) (Event, error) {
	e := Event{What: Checked, Card: number, Began: t.rec.Now()}
	req, err := http.NewRequestWithContext(t.ctx, http.MethodGet, strings.Replace(t.s.Reader.URL, "{number}", number, 1), nil)
	if err != nil {
		return e, err
	}
	req.Header.Set("Authorization", "Bearer "+t.s.Reader.Key)
	res, err := t.client.Do(req)
	if err != nil {
		return e, err
	}
	defer res.Body.Close()
	var v harness.Verdict
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		return e, fmt.Errorf("%s: %w", res.Status, err)
	}
	e.Valid, e.Reason = v.Valid, v.Reason
	t.rec.Add(e)
	return e, nil
}

// read is a gate at which cards are held all the time.
func (t *town) read(dice *rand.Rand) {
	for t.ctx.Err() == nil {
		t.mu.Lock()
		number := ""
		if n := len(t.cards); n > 0 {
			number = t.cards[dice.IntN(n)]
		}
		t.mu.Unlock()
		if number != "" {
			_, _ = t.ask(number) // what isn't answered isn't written down
		}
		t.pause(120 * time.Millisecond)
	}
}
