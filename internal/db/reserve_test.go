package db

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
)

// While all other connections are taken, what is reserved reads on.
func TestReservedHasConnectionsOfItsOwn(t *testing.T) {
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "a.db"), ReadConns: 2, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{}, 2)
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := Read(t.Context(), d, func(context.Context, *Tx) (int, error) {
				held <- struct{}{}
				<-hold
				return 0, nil
			})
			ended <- err
		}()
	}
	<-held
	<-held
	one := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := Read(ctx, d, func(_ context.Context, tx *Tx) (int64, error) { return Value[int64](tx, "SELECT 1") })
		return err
	}
	if err := one(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("there is a third connection:", err)
	}
	if err := one(Reserve(t.Context())); err != nil {
		t.Error(err)
	}
	close(hold)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWriteDoesNotWaitForEver(t *testing.T) {
	before := turnTime
	turnTime = 50 * time.Millisecond
	defer func() { turnTime = before }()
	d, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "a.db"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	hold, held, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- Do(t.Context(), d, func(context.Context, *Tx) error {
			close(held)
			<-hold
			return nil
		})
	}()
	<-held
	ran := false
	err = Do(t.Context(), d, func(context.Context, *Tx) error { ran = true; return nil })
	if !fault.Has(err, "db.busy") || ran {
		t.Error(err, ran)
	}
	close(hold)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := Do(t.Context(), d, func(context.Context, *Tx) error { return nil }); !fault.Has(err, "db.unavailable") {
		t.Error("a Write after the end:", err)
	}
}
