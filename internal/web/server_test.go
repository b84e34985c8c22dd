package web_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// tight has one place in each room and nobody waits.
func tight() *shed.Rooms {
	sizes := map[shed.Room]shed.Size{}
	for _, r := range shed.All() {
		sizes[r] = shed.Size{Places: 1}
	}
	return shed.New(sizes)
}

func TestServerHasTimeLimits(t *testing.T) {
	s := web.Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler), nil)
	if s.ReadHeaderTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a slow client can hold a connection for ever: %+v", s)
	}
}

func TestWhoFindsNoPlaceIsToldWhatToDo(t *testing.T) {
	cfg := world().Config()
	cfg.Rooms = tight()
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	b := open(t, cfg,
		web.Route{Pattern: "GET /slow", Right: web.Public, Handle: func(v *web.Visit) error {
			held <- struct{}{}
			<-hold
			return v.Render(page("klar"))
		}},
		web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")},
		web.Route{Pattern: "POST /x", Right: web.Public, Handle: say("x")},
		web.Route{Pattern: "POST /block", Right: web.Public, Room: shed.Act, Handle: say("blockerat")},
	)
	var slow sync.WaitGroup
	other := *b
	slow.Go(func() { (&other).Get("/slow").Is(200).Has("klar") })
	<-held
	p := b.Get("/x?a=b").Is(503).Has("Fler vill in än vi hinner med", "Inget är förlorat", "Försök igen").Check()
	if p.Header.Get("Retry-After") == "" || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("headers of a refusal: %v", p.Header)
	}
	b.Get("/nowhere").Is(503)
	b.Post("/x", url.Values{"a": {"b"}}).Is(503).Has("inget har ändrats", "bakåtknapp").Check()
	b.Lang = "en-GB,en;q=0.9"
	b.Post("/x", url.Values{"a": {"b"}}).Is(503).Has("nothing was changed").Check()
	b.Post("/block", url.Values{}).Is(200).Has("blockerat") // another room
	close(hold)
	slow.Wait()
	b.Get("/x").Is(200)
}

// Neither a form that comes slowly nor an answer that is read slowly takes a place.
func TestSlowClientsHoldNoPlace(t *testing.T) {
	cfg := world().Config()
	cfg.Rooms = tight()
	began := make(chan struct{}, 1)
	big := page(strings.Repeat("x", 16<<20)) // more than the buffers between two ends of a loopback connection
	h := web.New(cfg).Handler([]web.Route{
		{Pattern: "POST /x", Right: web.Public, Handle: func(v *web.Visit) error { return v.Render(page("fick " + v.Text("a"))) }},
		{Pattern: "GET /big", Right: web.Public, Handle: func(v *web.Visit) error { began <- struct{}{}; return v.Render(big) }},
		{Pattern: "POST /photo", Right: web.SignedIn, MaxBody: 4 << 20, Room: shed.Upload, Handle: say("bild")},
	})
	addr := serveOn(t, h, nil)
	dial := func(request string) net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for range 3 {
		dial("POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na")
	}
	dial("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
	<-began
	for end := time.Now().Add(20 * time.Second); cfg.Rooms.Load(shed.Page).Working > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("somebody who doesn't read, or doesn't send, has the place")
		}
	}
	late := dial("POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=")
	if _, err := io.WriteString(late, "b"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(late), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
	body, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(body), "fick b") {
		t.Errorf("%s", body)
	}
	// A picture isn't even received from somebody who isn't signed in.
	c := dial("POST /photo HTTP/1.1\r\nHost: a\r\nReferer: http://a/me/card\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n")
	res, err = http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/signin?next=%2Fme%2Fcard" {
		t.Errorf("%v, %v", res, err)
	}
}

func TestLongBodiesAreReceivedOutsideTheRoomOfTheirWork(t *testing.T) {
	w := world()
	cfg := w.Config()
	cfg.Rooms = tight()
	var at shed.Load
	b := webtest.New(t, web.New(cfg).Handler([]web.Route{
		{Pattern: "GET /o/{company}/photo", Right: web.Company(actor.Orderer), Handle: say("x")},
		{Pattern: "POST /o/{company}/photo", Right: web.Company(actor.Orderer), MaxBody: 4 << 20, Room: shed.Upload, Handle: func(v *web.Visit) error {
			at = cfg.Rooms.Load(shed.Upload)
			data, err := v.File("photo", 4<<20)
			if err != nil {
				return err
			}
			return v.Render(page(fmt.Sprintf("%d bytes", len(data))))
		}},
	}))
	b.SignIn("alva")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("photo", "a.jpg")
	_, _ = part.Write(make([]byte, 3<<20))
	_ = form.Close()
	r, err := http.NewRequest(http.MethodPost, webtest.Origin+"/o/"+furuborg.String()+"/photo", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	b.Do(r).Is(200).Has("3145728 bytes")
	if at.Working != 1 {
		t.Errorf("the work was done in another room: %+v", at)
	}
	for _, room := range []shed.Room{shed.Upload, shed.Page, shed.Body} {
		if l := cfg.Rooms.Load(room); l.Working != 0 || l.Shed != 0 {
			t.Errorf("%s: %+v", room, l)
		}
	}
}

func TestMachinesAreRefusedInTheirLanguage(t *testing.T) {
	rooms := tight()
	leave, err := rooms.Enter(t.Context(), shed.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := web.Machines(rooms, shed.Reader, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		_, _ = w.Write(data)
	}))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" || rec.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(rec.Body.String(), `"web.busy"`) {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	leave()
	rec = httptest.NewRecorder()
	sent := strings.Repeat("x", machineBodyAndMore)
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(sent)))
	if rec.Code != 200 || rec.Body.String() != sent {
		t.Errorf("%d, %d bytes", rec.Code, rec.Body.Len())
	}
}

const machineBodyAndMore = 5 << 20

func TestMoreConnectionsThanThereIsRoomForAreRefusedPolitely(t *testing.T) {
	crowd := web.NewCrowd(10, 3, []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")})
	addr := serveOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("in")) }), crowd)
	connect := func(from string) (net.Conn, *http.Response) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, "GET /reader/v1/cards/x HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		return c, res
	}
	var first net.Conn
	for i := range 3 {
		c, res := connect("127.0.0.1")
		if res.StatusCode != 200 {
			t.Fatal(i, res)
		}
		first = c
	}
	for range 2 { // a fourth from the same address
		_, res := connect("127.0.0.1")
		if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Fatal(res)
		}
	}
	for range 6 { // a proxy counts in all only
		if _, res := connect("127.0.0.2"); res.StatusCode != 200 || res.Close {
			t.Fatal(res)
		}
	}
	_ = first.Close()
	opened(t, crowd, 8)
	if _, res := connect("127.0.0.1"); res.StatusCode != 200 {
		t.Error("a place isn't given back", res)
	}
	if _, res := connect("127.0.0.2"); res.StatusCode != 200 || !res.Close {
		t.Error("the last place keeps its connection for a next request", res)
	}
	opened(t, crowd, 9)
	if crowd.Refused() != 2 {
		t.Errorf("%d refused", crowd.Refused())
	}
}

func TestAllPlacesTaken(t *testing.T) {
	crowd := web.NewCrowd(2, 10, nil)
	addr := serveOn(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), crowd)
	for range 2 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	opened(t, crowd, 2)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 503 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || !res.Close {
		t.Fatal(res, err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
}

func opened(t *testing.T, crowd *web.Crowd, n int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); crowd.Open() != n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open, not %d", crowd.Open(), n)
		}
	}
}

func TestHeadsHaveALimit(t *testing.T) {
	addr := serveOn(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n")
		for range 1_000_000 {
			if _, err := io.WriteString(c, "a: b\r\n"); err != nil {
				return
			}
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v, %v", res, err)
	}
}

func serveOn(t *testing.T, h http.Handler, crowd *web.Crowd) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := web.Server(h, slog.New(slog.DiscardHandler), crowd)
	if crowd != nil {
		l = crowd.Listen(l)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}
