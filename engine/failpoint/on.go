//go:build afara_failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The environment of a build with fail points.
const (
	pointVariable = "AFARA_FAILPOINT"
	paceVariable  = "AFARA_CLOCK"
)

var (
	hits atomic.Int64
	pace = sync.OnceValue(readPace)
)

// Hit kills the process when AFARA_FAILPOINT is "name" or "name:n" and this is
// the n-th hit of that name (default the first). SIGKILL leaves nothing a
// chance to clean up, as a power cut would not.
func Hit(name string) {
	want, nth, _ := strings.Cut(os.Getenv(pointVariable), ":")
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

// Clock is the engine's clock: at the pace that AFARA_CLOCK says, else
// time.Now.
func Clock() func() time.Time {
	if os.Getenv(paceVariable) == "" {
		return time.Now
	}
	return pace().Now
}

// Scale turns a span of the engine's clock into one of real time, for timers
// whose length is compared with that clock elsewhere.
func Scale(d time.Duration) time.Duration { return pace().Real(d) }

// Env hands the fail point on to connectors, for the one that lives in
// sdk/httpclient: they do not inherit the engine's environment.
func Env() []string {
	point := os.Getenv(pointVariable)
	if point == "" {
		return nil
	}
	return []string{pointVariable + "=" + point}
}

// readPace ends the process when the variable cannot be read: a test at a pace
// that nobody meant proves nothing.
func readPace() Pace {
	text := os.Getenv(paceVariable)
	if text == "" {
		return Pace{Rate: 1}
	}
	p, err := ParsePace(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, paceVariable+":", err)
		os.Exit(2)
	}
	return p
}
