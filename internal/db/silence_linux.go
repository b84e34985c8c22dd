package db

import (
	"strings"
	"syscall"
)

// limitSilence gives a connection up when what was sent on it isn't acknowledged for a while; keep-alive
// doesn't look at connections with something under way, and the system would try for a quarter of an hour.
func limitSilence(network, _ string, c syscall.RawConn) error {
	const userTimeout = 0x12 // TCP_USER_TIMEOUT, which package syscall doesn't name
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(silentTime.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
