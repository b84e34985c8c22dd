// Command kortverk runs an identity-card scheme for building sites.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kortverk/kortverk/internal/app"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Main(ctx, version, os.Args[1:], os.Stdout, os.Stderr))
}
