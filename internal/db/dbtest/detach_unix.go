//go:build unix

package dbtest

import (
	"os/exec"
	"syscall"
)

// detach keeps a signal for our process group (Ctrl-C) from the command.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
