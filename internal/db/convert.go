package db

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/fault"
)

// arguments converts all arguments to what both drivers store alike.
func arguments(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func argument(a any) (any, error) {
	switch v := a.(type) {
	case nil:
		return nil, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return v.UnixMicro(), nil
	case uuid.UUID:
		if v == uuid.Nil {
			return nil, nil
		}
		return v.String(), nil
	case string:
		return text(v)
	case []byte:
		return v, nil
	case driver.Valuer: // clock.Date
		x, err := v.Value()
		if s, ok := x.(string); ok && err == nil {
			return text(s)
		}
		return x, err
	}
	return argumentOfKind(reflect.ValueOf(a))
}

func argumentOfKind(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.String:
		return text(v.String())
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("db: can't store a %s", v.Type())
}

// text refuses what only one of the engines would store.
func text(s string) (any, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, fault.New(fault.Invalid, "db.text_malformed")
	}
	return s, nil
}

// row converts while scanning.
type row struct{ rows *sql.Rows }

func (r row) Scan(dest ...any) error {
	wrapped := make([]any, len(dest))
	for i, d := range dest {
		wrapped[i] = &target{d}
	}
	return r.rows.Scan(wrapped...)
}

// target reads one column into a destination; NULL gives the zero value.
type target struct{ dest any }

// Scan implements sql.Scanner.
func (t *target) Scan(src any) error {
	switch d := t.dest.(type) {
	case *time.Time:
		n, err := integer(src)
		*d = time.Time{}
		if src != nil && err == nil {
			*d = time.UnixMicro(n).UTC()
		}
		return err
	case *uuid.UUID:
		s := asText(src)
		*d = uuid.Nil
		if s == "" {
			return nil
		}
		id, err := uuid.Parse(s)
		*d = id
		return err
	case *[]byte:
		switch v := src.(type) {
		case nil:
			*d = nil
		case []byte:
			*d = append([]byte{}, v...) // the driver reuses its own
		case string:
			*d = []byte(v)
		default:
			return fmt.Errorf("db: bytes from %T", src)
		}
		return nil
	case sql.Scanner: // clock.Date
		return d.Scan(src)
	}
	return scanKind(reflect.ValueOf(t.dest), src)
}

func scanKind(p reflect.Value, src any) error {
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("db: can't scan into %s", p.Type())
	}
	v := p.Elem()
	switch v.Kind() {
	case reflect.String:
		v.SetString(asText(src))
		return nil
	case reflect.Bool:
		b, err := boolean(src)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := integer(src)
		if err == nil && v.OverflowInt(n) {
			err = fmt.Errorf("db: %d is too large for %s", n, v.Type())
		}
		v.SetInt(n)
		return err
	case reflect.Float64:
		f, err := decimal(src)
		v.SetFloat(f)
		return err
	}
	return fmt.Errorf("db: can't scan into %s", p.Type())
}

func asText(src any) string {
	switch v := src.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	}
	return fmt.Sprint(src)
}

// integer also reads text, since PostgreSQL's sum of bigint is numeric, which arrives as text.
func integer(src any) (int64, error) {
	switch v := src.(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case string:
		return strconv.ParseInt(v, 10, 64)
	case []byte:
		return strconv.ParseInt(string(v), 10, 64)
	}
	return 0, fmt.Errorf("db: a number from %T", src)
}

func decimal(src any) (float64, error) {
	switch v := src.(type) {
	case nil:
		return 0, nil
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	}
	return strconv.ParseFloat(asText(src), 64)
}

// boolean also reads integers: SQLite has no boolean of its own.
func boolean(src any) (bool, error) {
	switch v := src.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	}
	return false, fmt.Errorf("db: a boolean from %T", src)
}
