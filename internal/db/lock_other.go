//go:build !unix || solaris || aix

package db

import (
	"fmt"
	"os"
	"runtime"
)

// lockFile refuses where there is no lock that ends with the process: two writers would lose data.
func lockFile(string) (*os.File, error) {
	return nil, fmt.Errorf("db: SQLite isn't supported on %s; use PostgreSQL", runtime.GOOS)
}
