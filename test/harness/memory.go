package harness

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Memory returns a figure of /proc/PID/status in bytes: VmRSS is what a process holds, VmHWM the most that it held. A process that
// has ended has none.
func Memory(pid int, figure string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(status, []byte("\n"+figure+":"))
	value, _, unit := bytes.Cut(rest, []byte(" kB"))
	if !found || !unit {
		return 0, fmt.Errorf("/proc/%d/status does not say %s", pid, figure)
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	return n << 10, err
}
