// Package fault holds the one error type that people and machines are told about.
//
// An Error has a Kind, which becomes an HTTP status at the edge, and a Code of the form
// "capability.reason" ("order.not_yours"), which is stable for ever and becomes a sentence in i18n
// (key "error." + code, with Args filled in). Field names the form field that it is about. The cause
// is for the log only: Error() never contains it, so that no driver text reaches a person by accident.
// To log an Error with its cause, hand it to slog, which calls LogValue.
//
// Args and codes must not contain personal numbers, PINs or tokens.
package fault

import (
	"errors"
	"log/slog"
	"maps"
	"strings"
)

// Kind says what sort of thing went wrong; the edge turns it into a status.
type Kind uint8

// The kinds. Internal is the zero value, so that a forgotten kind is never shown as somebody's mistake.
const (
	Internal        Kind = iota // ours: 500
	Invalid                     // what was sent can't be right: 422
	Unauthenticated             // not signed in, or not freshly enough: 401
	Forbidden                   // signed in, without the right: 403
	NotFound                    // not there, or not to be known: 404
	Conflict                    // no longer as the caller believes: 409
	TooMany                     // too often, try later: 429
	Unavailable                 // a neighbour or the database is out: 503
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "too_many", "unavailable"}

// String returns the kind in lower snake case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error is an error with a stable code. Treat it as a value: On and Because return copies.
type Error struct {
	Kind  Kind
	Code  string            // "capability.reason"
	Field string            // form field, "" when it is about the whole
	Args  map[string]string // values for the sentence

	cause error
}

// New makes an error. args are name, value, name, value; an odd number is a mistake in the program and panics.
func New(k Kind, code string, args ...string) *Error {
	if len(args)%2 != 0 {
		panic("fault: odd number of args for " + code)
	}
	e := &Error{Kind: k, Code: code}
	for i := 0; i < len(args); i += 2 {
		if e.Args == nil {
			e.Args = make(map[string]string, len(args)/2)
		}
		e.Args[args[i]] = args[i+1]
	}
	return e
}

// On returns a copy that is about the form field.
func (e *Error) On(field string) *Error {
	c := e.copy()
	c.Field = field
	return c
}

// Because returns a copy with a cause, which goes to the log only.
func (e *Error) Because(cause error) *Error {
	c := e.copy()
	c.cause = cause
	return c
}

// With returns a copy with one more value for the sentence.
func (e *Error) With(name, value string) *Error {
	c := e.copy()
	if c.Args == nil {
		c.Args = make(map[string]string, 1)
	}
	c.Args[name] = value
	return c
}

func (e *Error) copy() *Error {
	c := *e
	c.Args = maps.Clone(e.Args)
	return &c
}

// Error returns the code, and the field where there is one; never the cause.
func (e *Error) Error() string {
	if e.Field != "" {
		return e.Code + " (" + e.Field + ")"
	}
	return e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an Error with the same code, so that errors.Is compares by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// LogValue shows the cause as well.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", e.Code), slog.String("kind", e.Kind.String())}
	if e.Field != "" {
		attrs = append(attrs, slog.String("field", e.Field))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.Any("cause", e.cause))
	}
	return slog.GroupValue(attrs...)
}

// Errors are several field errors at once. Its kind is Invalid.
type Errors []*Error

// Error joins the texts of all.
func (es Errors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives errors.Is and errors.As all of them.
func (es Errors) Unwrap() []error {
	all := make([]error, len(es))
	for i, e := range es {
		all[i] = e
	}
	return all
}

// Clean reads a field: the value becomes what parse makes of it, or keeps what was typed and adds the error with the
// field's name. parse fails with an *Error.
func (es *Errors) Clean(field string, value *string, parse func(string) (string, error)) {
	v, err := parse(*value)
	if e, ok := As(err); ok {
		*es = append(*es, e.On(field))
		return
	}
	*value = v
}

// Field returns the first error of the field, or nil.
func (es Errors) Field(name string) *Error {
	for _, e := range es {
		if e.Field == name {
			return e
		}
	}
	return nil
}

// OrNil returns nil when there are none, so that a validation can end with `return errs.OrNil()`
// without making a non-nil error of an empty list.
func (es Errors) OrNil() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// As finds the Error in err: the first one of Errors.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// All returns every Error in err: the list of Errors, or the one Error, or none.
func All(err error) Errors {
	var es Errors
	if errors.As(err, &es) {
		return es
	}
	if e, ok := As(err); ok {
		return Errors{e}
	}
	return nil
}

// KindOf returns the kind of err: Invalid for Errors, Internal for errors of others.
func KindOf(err error) Kind {
	var es Errors
	if errors.As(err, &es) {
		return Invalid
	}
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of err, "" for errors of others.
func CodeOf(err error) string {
	if e, ok := As(err); ok {
		return e.Code
	}
	return ""
}

// Has reports whether err is, or contains, an Error with the code.
func Has(err error, code string) bool {
	return errors.Is(err, &Error{Code: code})
}
