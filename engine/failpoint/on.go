//go:build afara_failpoints

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var hits atomic.Int64

// Hit kills the process when AFARA_FAILPOINT is "name" or "name:n" and this is
// the n-th hit of that name (default the first). SIGKILL leaves nothing a
// chance to clean up, as a power cut would not.
func Hit(name string) {
	want, nth, _ := strings.Cut(os.Getenv("AFARA_FAILPOINT"), ":")
	if want != name {
		return
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	if hits.Add(1) == n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way; do nothing more
	}
}
