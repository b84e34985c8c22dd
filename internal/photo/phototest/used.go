package phototest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Used is what a process has used: time of all cores, and the most memory that it had at once, in MB. Where the system
// doesn't tell (there is no /proc), both are zero. A clock on the wall would measure the machine's other work.
func Used(pid int) (cpu time.Duration, peak int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	for _, f := range fields[11:13] { // in user mode and in the kernel, in hundredths
		n, _ := strconv.Atoi(string(f))
		cpu += time.Duration(n) * 10 * time.Millisecond
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := bytes.Cut(status, []byte("VmHWM:")); ok {
		peak, _ = strconv.Atoi(string(bytes.Fields(rest)[0]))
	}
	return cpu, peak >> 10
}
