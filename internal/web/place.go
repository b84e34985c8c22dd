package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// A body up to shortBody is read before a place is asked for, a longer one in a room for those.
const shortBody = 32 << 10

// place is an answer that gives the place in the room back when it begins: what is left then waits for the client.
type place struct {
	http.ResponseWriter
	leave func()
}

func (p *place) WriteHeader(status int) {
	p.leave()
	p.ResponseWriter.WriteHeader(status)
}

func (p *place) Write(b []byte) (int, error) {
	p.leave()
	return p.ResponseWriter.Write(b)
}

func (p *place) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// in takes a place for the visit, which keeps it until out, or until its answer begins. The work may take the engine's
// time from now on. The error is for fail.
func (v *Visit) in(ctx context.Context, room shed.Room) error {
	leave, err := v.engine.cfg.Rooms.Enter(ctx, room)
	if err != nil {
		return err
	}
	if room.Reserved() {
		ctx = db.Reserve(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, v.engine.cfg.Timeout)
	v.R = v.R.WithContext(ctx)
	v.W = &place{ResponseWriter: v.outer, leave: leave}
	v.out = func() { leave(); cancel() }
	return nil
}

// run answers a visit of a route. What waits for the client happens outside of the rooms: a form is read before, the
// answer written after. Something long, a picture, is received only from those who have the right.
func (v *Visit) run() error {
	ctx, room := v.R.Context(), v.route.Room
	if !v.long() {
		if v.R.ContentLength > 0 {
			v.values()
		}
		if errors.Is(v.formErr, os.ErrDeadlineExceeded) {
			return v.formErr
		}
		if err := v.in(ctx, room); err != nil {
			return err
		}
		if err := v.enter(); err != nil {
			return err
		}
		return v.route.Handle(v)
	}
	if err := v.in(ctx, shed.Page); err != nil {
		return err
	}
	if err := v.enter(); err != nil {
		return err
	}
	v.out()
	if err := v.receive(ctx); err != nil {
		return err
	}
	if err := v.in(ctx, room); err != nil {
		return err
	}
	return v.route.Handle(v)
}

func (v *Visit) long() bool { return long(v.R) }

// long reports whether a body may take its time. A length below 0 isn't known.
func long(r *http.Request) bool { return r.ContentLength < 0 || r.ContentLength > shortBody }

// receive reads a long body.
func (v *Visit) receive(ctx context.Context) error {
	v.R = v.R.WithContext(ctx)
	leave, err := v.engine.cfg.Rooms.Enter(ctx, shed.Body)
	if err != nil {
		return err
	}
	defer leave()
	v.values()
	if errors.Is(v.formErr, os.ErrDeadlineExceeded) {
		return v.formErr
	}
	return nil
}

// busy answers somebody for whom there is no place. It costs next to nothing, because there are many of them.
func (v *Visit) busy(full *shed.Full) {
	turnedAway(v.outer)
	h := v.outer.Header()
	h.Set("Retry-After", seconds(full.After))
	h.Set("Cache-Control", "no-store")
	if v.Fragment() {
		http.Error(v.outer, v.T.T("ui.busy"), http.StatusServiceUnavailable)
		return
	}
	page, err := v.engine.busyPage(v.Lang, v.R.Method != http.MethodGet && v.R.Method != http.MethodHead)
	if err != nil {
		v.engine.cfg.Log.Error("the page for those who are turned away failed", "error", err)
		http.Error(v.outer, v.T.T("ui.busy"), http.StatusServiceUnavailable)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.Lang))
	body := page.plain
	if strings.Contains(v.R.Header.Get("Accept-Encoding"), "gzip") {
		h.Add("Vary", "Accept-Encoding")
		h.Set("Content-Encoding", "gzip")
		body = page.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	v.outer.WriteHeader(http.StatusServiceUnavailable)
	if v.R.Method != http.MethodHead {
		_, _ = v.outer.Write(body) // a browser that went away needs no answer
	}
}

// turnedAway tells the recorder.
func turnedAway(w http.ResponseWriter) {
	for {
		if r, ok := w.(*recorder); ok {
			r.turnedAway = true
			return
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

// seconds rounds up, to at least one.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}

// whole is a page in both forms in which it is sent.
type whole struct{ plain, zipped []byte }

type busyKey struct {
	lang i18n.Lang
	sent bool
}

// busyPage is made once for each language.
func (e *Engine) busyPage(l i18n.Lang, sent bool) (whole, error) {
	key := busyKey{l, sent}
	if p, ok := e.busyPages.Load(key); ok {
		return p.(whole), nil
	}
	frame := ui.Frame{Texts: i18n.For(l), Path: "/", Brand: e.cfg.Brand, Sandbox: e.cfg.Sandbox, World: e.cfg.World}
	var plain, zipped bytes.Buffer
	if err := busyPage(sent).Render(ui.With(context.Background(), frame), &plain); err != nil {
		return whole{}, err
	}
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(plain.Bytes()); err != nil {
		return whole{}, err
	}
	if err := z.Close(); err != nil {
		return whole{}, err
	}
	p := whole{plain.Bytes(), zipped.Bytes()}
	e.busyPages.Store(key, p)
	return p, nil
}

// machineBody is how much of a machine's message is read before a place is asked for; the handler decides what is too much.
const machineBody = 4<<20 + 1

// machineTime is how long a machine's request may hold its place.
const machineTime = 30 * time.Second

// Machines lets a handler that answers machines into a room. Who finds no place gets a problem document.
func Machines(rooms *shed.Rooms, room shed.Room, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := received(rooms, r)
		leave := func() {}
		if err == nil {
			leave, err = rooms.Enter(r.Context(), room)
		}
		var full *shed.Full
		switch {
		case errors.As(err, &full):
			problemBusy(w, full)
			return
		case err != nil: // it went away, or is too slow
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		defer leave()
		ctx, cancel := context.WithTimeout(r.Context(), machineTime)
		defer cancel()
		if room.Reserved() {
			ctx = db.Reserve(ctx)
		}
		h.ServeHTTP(&place{ResponseWriter: w, leave: leave}, r.WithContext(ctx))
	})
}

// received reads a message, so that no place waits for the line.
func received(rooms *shed.Rooms, r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if long(r) {
		leave, err := rooms.Enter(r.Context(), shed.Body)
		if err != nil {
			return err
		}
		defer leave()
	}
	read, err := io.ReadAll(io.LimitReader(r.Body, machineBody))
	if err != nil {
		return err
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), r.Body), r.Body}
	return nil
}

// busyProblem is what machines are told; made by hand, since it is also sent before there is an answer to write to.
const busyProblem = `{"type":"about:blank","title":"Too much at once; come back after Retry-After. Nothing was done.","status":503,"code":"web.busy"}` + "\n"

func problemBusy(w http.ResponseWriter, full *shed.Full) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", seconds(full.After))
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, busyProblem) // who went away needs no answer
}
