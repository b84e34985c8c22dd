package kill

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/test/harness"
)

// tagged builds the program with its fail points once. KV_BINARY_FAILPOINT names one that is built already.
var tagged = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("KV_BINARY_FAILPOINT"); file != "" {
		return file, nil
	}
	file, err := harness.Build("-tags", "failpoint")
	made = file
	return file, err
})

var made string // by tagged

func TestMain(m *testing.M) {
	harness.Main(m, func() {
		if made != "" {
			_ = os.RemoveAll(filepath.Dir(made))
		}
	})
}

// The fail points, and where they are reached. One that isn't here is one that nobody tests.
var points = map[failpoint.Point]string{
	failpoint.CommitBefore: "both", failpoint.CommitAfter: "both", failpoint.OrderSubmitted: "both", failpoint.OrderReviewed: "both",
	failpoint.OrderConfirmed: "both", failpoint.EIDStarted: "both", failpoint.EIDCollected: "both", failpoint.EIDKept: "both",
	failpoint.JobClaimed: "both", failpoint.JobEffect: "both", failpoint.JournalHashed: "both", failpoint.JournalPositioned: "both",
	failpoint.BatchClosed: "both", failpoint.BatchDrawn: "both", failpoint.BatchHandedOver: "both", failpoint.ReceiptKept: "both",
	failpoint.CardActivated: "both", failpoint.CardChanged: "both", failpoint.MailClaimed: "both", failpoint.MailHandedOver: "both",
	failpoint.EndUnwritten: "sqlite", failpoint.EndUnsynced: "sqlite", failpoint.EndSynced: "sqlite",
}

func number(t *testing.T, env string, otherwise int) int {
	if os.Getenv(env) == "" {
		return otherwise
	}
	n, err := strconv.Atoi(os.Getenv(env))
	if err != nil {
		t.Fatalf("%s: %v", env, err)
	}
	return n
}

// Every point is in the table, so that it is killed at; and the program that people get has none of it.
func TestPoints(t *testing.T) {
	for _, p := range failpoint.Points() {
		if points[p] == "" {
			t.Errorf("no kill at %s", p)
		}
	}
	if len(points) != len(failpoint.Points()) {
		t.Errorf("%d points are killed at, and the program has %d", len(points), len(failpoint.Points()))
	}
	file, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "KORTVERK_FAILPOINT") {
		t.Errorf("the program without the tag reads KORTVERK_FAILPOINT (%v)", err)
	}
}

// TestKills kills the product at every fail point and at random moments while a town works with it, and proves that nothing
// that was answered is lost or doubled.
func TestKills(t *testing.T) {
	seed := number(t, "KV_SEED", int(time.Now().UnixNano()%1_000_000))
	t.Logf("KV_SEED=%d", seed)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := begin(t, engine, rand.New(rand.NewPCG(uint64(seed), 1)))
			r.kills(number(t, "KV_KILLS", 25))
			c := r.end()
			r.judge(c)
			if engine == "sqlite" && !t.Failed() {
				plant(t, c, r.file)
			}
		})
	}
}

// run is one database's kills.
type run struct {
	*testing.T
	*town
	engine string
	file   string // SQLite's
	dice   *rand.Rand
	people sync.WaitGroup
	leave  context.CancelFunc // ends everybody

	starts []time.Duration // from the start of the process to readiness
	hits   map[failpoint.Point]int
	done   int
	mails  map[string]int
	mailed int
}

// begin starts product and world, enters companies, staff and holders, and lets them work.
func begin(t *testing.T, engine string, dice *rand.Rand) *run {
	file, err := tagged()
	if err != nil {
		t.Fatal(err)
	}
	s, link := harness.ProductionOf(t, file, engine, "KORTVERK_BATCH_EVERY=1s", "KORTVERK_RECEIPT_OVERDUE=10s")
	rec, err := NewRecorder(filepath.Join(t.TempDir(), "record.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &run{
		T: t, engine: engine, dice: dice, leave: cancel, hits: map[failpoint.Point]int{}, mails: map[string]int{},
		file: filepath.Join(s.Setting("KORTVERK_DATA"), "kortverk.db"),
		town: &town{ctx: ctx, s: s, rec: rec, client: &http.Client{
			Timeout:       20 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 20},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}},
	}
	r.settleIn(link)
	return r
}

// holders are people of the cast whose eID says the name that their employer types.
var holders = []string{"jonas", "piotr", "amina", "samuel", "bjorn", "halina", "maj", "asa"}

// program is somebody's browser as the harness has them, for the time before the first kill.
func (r *run) program(id string) *harness.Program {
	b := &browser{town: r.town, who: r.s.Person(id), cookies: map[string]string{}}
	b.signInAgain("")
	p := r.s.Stranger()
	p.Who, p.Cookies = b.who, b.cookies
	return p
}

func (r *run) settleIn(link string) {
	ivar := r.program("ivar")
	ivar.Accept(link)
	ivar.Post("/office/staff/invite", url.Values{
		"role": {"reviewer"}, "given_name": {"Tove"}, "surname": {"Granlund"}, "email": {"tove@kortverk.example"}, "lang": {"sv"},
	})
	tove, alva := r.program("tove"), r.program("alva")
	tove.Accept(r.s.Mail("tove@kortverk.example", "/i/"))
	for i, c := range []struct{ number, name string }{
		{"559999-0016", "Furuborg Bygg AB"}, {"559999-0149", "Norrsken El AB"}, {"559999-0339", "Żółciński Rusztowania AB"},
	} {
		company := ivar.Post("/office/companies/new", url.Values{
			"country": {"SE"}, "organisation_number": {c.number}, "name": {c.name},
			"address_name": {"Kontoret"}, "line1": {"Sågverksgatan 4"}, "postcode": {"111 11"}, "city": {"Exempelstad"},
		})
		mail := fmt.Sprintf("alva%d@orders.example", i)
		ivar.Post(company+"/invite", url.Values{"given_name": {"Alva"}, "surname": {"Lindström"}, "email": {mail}, "lang": {"sv"}})
		alva.Accept(r.s.Mail(mail, "/i/"))
		r.companies = append(r.companies, "/o/"+company[strings.LastIndex(company, "/")+1:])
	}
	r.orderer = &browser{town: r.town, who: alva.Who, cookies: alva.Cookies}
	r.reviewer = &browser{town: r.town, who: tove.Who, cookies: tove.Cookies}
	// Fast, and the first two cards fail and are made again: a card that failed three times would wait for somebody's decision.
	knobs := map[string]any{"produce_after_ms": 200, "dispatch_after_ms": 400, "fail_next": 2}
	if err := r.call("PUT", r.s.World.Bureau+"/_sim/knobs", knobs, nil); err != nil {
		r.Fatal(err)
	}
	var signed sync.WaitGroup
	for i, id := range holders {
		who, picture, dice := r.s.Person(id), r.s.Portrait(id), rand.New(rand.NewPCG(r.dice.Uint64(), uint64(i)))
		signed.Add(1)
		r.people.Go(func() {
			b := &browser{town: r.town, who: who, cookies: map[string]string{}}
			b.signInAgain("")
			signed.Done()
			r.live(b, picture, dice)
		})
	}
	signed.Wait()
	gate := rand.New(rand.NewPCG(r.dice.Uint64(), 99))
	go r.read(gate)
}

// kills ends the process n times or more: at every point once, in random order, and at random moments in between.
func (r *run) kills(n int) {
	var plan []failpoint.Point // "" for a random moment
	for p, where := range points {
		if where == "both" || where == r.engine {
			plan = append(plan, p)
		}
	}
	slices.Sort(plan)
	all := slices.Clone(plan)
	for len(plan) < n {
		var p failpoint.Point
		if n > 2*len(all) && r.dice.IntN(4) > 0 { // a long run: three in four at points
			p = all[r.dice.IntN(len(all))]
		}
		plan = append(plan, p)
	}
	plan = append(plan, "", "", "")
	r.dice.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	r.s.Kill()
	missed, still := map[failpoint.Point]int{}, 0
	for len(plan) > 0 && !r.Failed() {
		p := plan[0]
		plan = plan[1:]
		nth, within := 1+r.dice.IntN(3), 10*time.Second
		if missed[p] > 0 {
			nth, within = 1, 30*time.Second
		}
		if still++; r.kill(p, nth, within) {
			still = 0
		} else {
			missed[p]++
			plan = append(plan, p)
		}
		if missed[p] == 4 || still == 20 {
			r.Errorf("%s wasn't reached in %d lives, nor others in the last %d", p, missed[p], still)
			return
		}
		r.collectMails()
	}
}

// kill starts the product, and has it killed when a point is reached the nth time, or at a random moment.
func (r *run) kill(p failpoint.Point, nth int, within time.Duration) (reached bool) {
	r.done++
	if p == "" {
		dead := r.start()
		time.Sleep(time.Duration(r.dice.IntN(2500)) * time.Millisecond)
		_ = r.s.Cmd.Process.Kill()
		<-dead
		return true
	}
	printed := len(r.s.Log.String())
	dead := r.start(fmt.Sprintf("KORTVERK_FAILPOINT=%s:%d", p, nth))
	select {
	case err := <-dead:
		if reached = strings.Contains(r.s.Log.String()[printed:], "failpoint reached: "+string(p)+"\n"); !reached {
			r.Errorf("the product ended by itself: %v", err)
		}
		r.hits[p]++
	case <-time.After(within):
		_ = r.s.Cmd.Process.Kill()
		<-dead
	}
	return reached
}

// start starts the product and waits until it is ready, or dead: a point may be reached before. The channel is closed when
// it is dead.
func (r *run) start(env ...string) (dead chan error) {
	began := time.Now()
	r.s.Again(env...)
	dead = make(chan error, 1)
	go func() {
		dead <- r.s.Cmd.Wait()
		close(dead)
	}()
	for time.Since(began) < time.Minute {
		if r.s.Ready() {
			r.starts = append(r.starts, time.Since(began))
			return dead
		}
		if len(dead) > 0 {
			return dead
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.Errorf("not ready a minute after its start")
	return dead
}

// collectMails notes what the mail server has got, which forgets the oldest.
func (r *run) collectMails() {
	var mails []struct {
		ID        int
		MessageID string `json:"message_id"`
	}
	if err := r.call("GET", fmt.Sprintf("%s/_sim/mails?since=%d", r.s.World.Mail, r.mailed), nil, &mails); err != nil {
		r.Fatal(err)
	}
	for _, m := range mails {
		r.mails[m.MessageID]++
		r.mailed = max(r.mailed, m.ID)
	}
}

// end lets everybody finish what they began, waits until nothing is left to do, stops the product and reads what it left.
func (r *run) end() Case {
	r.town.close()
	dead := r.start()
	finished := make(chan struct{})
	go func() { r.people.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-time.After(90 * time.Second):
		r.Error("after the last kill, people couldn't finish what they had begun")
	}
	d := r.open()
	var left int
	for range 600 {
		// What waits for its time is left: lapses, reminders.
		err := d.QueryRow(`SELECT (SELECT count(*) FROM job WHERE state IN ('waiting', 'running') AND kind NOT LIKE 'every:%')
			+ (SELECT count(*) FROM journal_pending) + (SELECT count(*) FROM batch_item WHERE state IN ('reserved', 'sent', 'produced'))
			+ (SELECT count(*) FROM eid_transaction WHERE state = 'pending')`).Scan(&left)
		if err == nil && left == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
		r.collectMails()
	}
	if left > 0 {
		r.Errorf("%d things are left to do", left)
	}
	r.leave()
	_ = r.s.Cmd.Process.Signal(syscall.SIGTERM)
	if err := <-dead; err != nil {
		r.Errorf("did not stop well: %v", err)
	}
	r.collectMails()
	if err := r.rec.Close(); err != nil {
		r.Error(err)
	}
	events, err := ReadRecord(r.rec.file.Name())
	if err != nil {
		r.Fatal(err)
	}
	c := Case{Events: events, DB: r.open(), Postgres: r.engine == "postgres", Mails: r.mails, Kills: r.done}
	if err := r.call("GET", r.s.World.Bureau+"/_sim/batches", nil, &c.Batches); err != nil {
		r.Fatal(err)
	}
	if !c.Postgres {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(r.file), "ends.log"))
		if err != nil {
			r.Error(err)
		}
		c.Ends = string(data)
	}
	return c
}

func (r *run) open() *sql.DB {
	driver, source := "sqlite", "file:"+r.file+"?mode=ro&_pragma=busy_timeout(5000)"
	if r.engine == "postgres" {
		driver, source = "pgx", r.s.Setting("KORTVERK_DATABASE_URL")
	}
	d, err := sql.Open(driver, source)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = d.Close() })
	return d
}

// judge prints what was measured and what was found.
func (r *run) judge(c Case) {
	findings, err := c.Check()
	if err != nil {
		r.Error(err)
	}
	for i, f := range findings {
		if r.Error(f); i == 30 {
			r.Errorf("… %d findings", len(findings))
			break
		}
	}
	for _, s := range r.complaints {
		r.Error(s)
	}
	done, broken, found, checks := map[string]int{}, 0, 0, 0
	for _, e := range c.Events {
		switch e.What {
		case Answered, Found:
			done[e.Command]++
			if e.What == Found {
				found++
			}
		case Broken:
			broken++
		case Checked:
			checks++
		}
	}
	for p, where := range points {
		if r.hits[p] == 0 && (where == "both" || where == r.engine) {
			r.Errorf("no kill at %s", p)
		}
	}
	doubled := 0
	for _, n := range c.Mails {
		doubled += n - 1
	}
	slices.Sort(r.starts)
	r.Logf("%d kills, %d of them at %d fail points; %d journeys; answered %v; %d commands broke off, %d of these had been done; %d checks by readers; %d mails, %d of them twice",
		r.done, sum(r.hits), len(r.hits), r.journeys, done, broken, found, checks, len(c.Mails), doubled)
	if n := len(r.starts); n > 0 {
		r.Logf("start to ready: median %d ms, longest %d ms", r.starts[n/2].Milliseconds(), r.starts[n-1].Milliseconds())
	}
	if done[CmdTerminate] == 0 || found == 0 {
		r.Error("the town got too little done for the test to mean anything")
	}
	if r.Failed() {
		if f, err := os.Open(r.rec.file.Name()); err == nil {
			defer f.Close()
			if keep, err := os.CreateTemp("", "kill-record-*.jsonl"); err == nil {
				_, _ = io.Copy(keep, f)
				_ = keep.Close()
				r.Logf("the record is kept in %s", keep.Name())
			}
		}
	}
}

func sum(m map[failpoint.Point]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}
