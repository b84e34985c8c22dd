package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// A server that doesn't answer at all is given up after these, so that the next of several is tried.
	connectTime = 3 * time.Second
	silentTime  = 10 * time.Second

	// A connection doesn't outlive this, so that a server that was left behind alive is left in any case.
	connectionLife = time.Minute
)

// primarySettings are those of sessions that write. A Write can't be cancelled from outside, so the server ends what hangs;
// and what a node held open that was stalled or cut off is everybody's again after a few seconds.
var primarySettings = map[string]string{
	"lock_timeout": "10000", "statement_timeout": "60000", "idle_in_transaction_session_timeout": "15000",
}

// pgConfig reads the address. Its sessions have the settings, where the address doesn't say otherwise.
func pgConfig(url string, settings map[string]string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("db: the PostgreSQL address can't be read") // the error would quote the password
	}
	for name, value := range settings {
		if _, ok := cfg.RuntimeParams[name]; !ok {
			cfg.RuntimeParams[name] = value
		}
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTime
	}
	// Also between requests it is noticed that the other end is gone: a server that lost its power says nothing.
	cfg.DialFunc = (&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silentTime / 2, Interval: silentTime / 10, Count: 5},
		Control:         limitSilence,
	}).DialContext
	return cfg, nil
}

// primaryPool opens a pool of connections to the server that takes writes, whichever of the address' hosts that is: a
// standby, also one that was the primary until a moment ago, isn't connected to.
func primaryPool(url string, settings map[string]string, more ...stdlib.OptionOpenDB) (*sql.DB, error) {
	cfg, err := pgConfig(url, settings)
	if err != nil {
		return nil, err
	}
	if cfg.ValidateConnect == nil {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return stdlib.OpenDB(*cfg, more...), nil
}

// readPool opens a pool that can't write, on any of the hosts.
func readPool(url string) (*sql.DB, error) {
	cfg, err := pgConfig(url, map[string]string{"default_transaction_read_only": "on"})
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*cfg), nil
}

// leaveStandby drops the connection when its server turned out to take no writes (any more), and has the caller
// try again, on a new one.
func leaveStandby(conn *sql.Conn, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Problem != ReadOnly {
		return err
	}
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	return unavailable(e)
}

// watched has the server look every second whether the one that asked is still there: the migration of a
// process that was killed must not run on, holding everybody up. Servers before 14, and some systems, can't.
func watched(ctx context.Context, conn *pgx.Conn) error {
	_, _ = conn.Exec(ctx, "SET client_connection_check_interval = '1s'")
	return nil
}
