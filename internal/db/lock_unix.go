//go:build unix && !solaris && !aix

package db

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile takes a lock that ends with the process, whatever ends it. The lock is on a file of its own,
// since SQLite locks ranges of the database file itself.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("db: lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("db: another process is using this database (%s is locked); "+
			"stop it first, or use PostgreSQL, which several processes can share", path)
	}
	return nil, fmt.Errorf("db: lock file %s: %w", path, err)
}
