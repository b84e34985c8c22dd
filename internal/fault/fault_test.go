package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
)

func TestErrorTextNeverShowsTheCause(t *testing.T) {
	e := fault.New(fault.Unavailable, "db.unavailable").Because(errors.New("secret driver text"))
	if got := e.Error(); got != "db.unavailable" {
		t.Errorf("text %q", got)
	}
	if got := fmt.Sprintf("%v %s", e, e.On("name")); strings.Contains(got, "secret") {
		t.Errorf("cause in %q", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Error("x", "err", e)
	if !strings.Contains(log.String(), "secret driver text") || !strings.Contains(log.String(), "db.unavailable") {
		t.Errorf("the log lacks cause or code: %s", log.String())
	}
}

func TestCopiesLeaveTheOriginalAlone(t *testing.T) {
	base := fault.New(fault.Invalid, "person.phone_malformed", "example", "070")
	c := base.On("phone").With("example", "071").Because(errors.New("x"))
	if base.Field != "" || base.Args["example"] != "070" || base.Unwrap() != nil {
		t.Errorf("original changed: %+v", base)
	}
	if c.Field != "phone" || c.Args["example"] != "071" || c.Unwrap() == nil {
		t.Errorf("copy lacks something: %+v", c)
	}
}

func TestFinding(t *testing.T) {
	one := fault.New(fault.Conflict, "order.changed")
	several := fault.Errors{fault.New(fault.Invalid, "a.b").On("x"), fault.New(fault.Invalid, "c.d").On("y")}
	cases := []struct {
		name string
		err  error
		kind fault.Kind
		code string
		all  int
	}{
		{"wrapped", fmt.Errorf("saving: %w", one), fault.Conflict, "order.changed", 1},
		{"several", fmt.Errorf("form: %w", several), fault.Invalid, "a.b", 2},
		{"of others", errors.New("plain"), fault.Internal, "", 0},
		{"none", nil, fault.Internal, "", 0},
	}
	for _, c := range cases {
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("%s: kind %v", c.name, got)
		}
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("%s: code %q", c.name, got)
		}
		if got := len(fault.All(c.err)); got != c.all {
			t.Errorf("%s: %d errors", c.name, got)
		}
	}
	if !fault.Has(several, "c.d") || fault.Has(several, "e.f") || fault.Has(errors.New("x"), "") {
		t.Error("Has")
	}
	if several.Field("y").Code != "c.d" || several.Field("z") != nil {
		t.Error("Field")
	}
	if fault.Errors(nil).OrNil() != nil || several.OrNil() == nil {
		t.Error("OrNil")
	}
}

func TestOddArgsPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	odd := strings.Fields("name") // a call that staticcheck can see through would be refused already
	fault.New(fault.Invalid, "a.b", odd...)
}

func TestCleanKeepsWhatWasTyped(t *testing.T) {
	var errs fault.Errors
	good, bad := " a ", "b"
	trim := func(string) (string, error) { return "a", nil }
	errs.Clean("good", &good, trim)
	errs.Clean("bad", &bad, func(string) (string, error) { return "x", fault.New(fault.Invalid, "test.bad") })
	if good != "a" || bad != "b" || len(errs) != 1 || errs.Field("bad") == nil || errs.Field("bad").Code != "test.bad" {
		t.Errorf("%q %q %v", good, bad, errs)
	}
}
