package db

import "context"

type reserveKey struct{}

// Reserve marks what has connections of its own: it never waits behind those of others. For what must go on while all
// else is slow, such as checks and blocks.
func Reserve(ctx context.Context) context.Context { return context.WithValue(ctx, reserveKey{}, true) }

func reserved(ctx context.Context) bool { return ctx.Value(reserveKey{}) != nil }
