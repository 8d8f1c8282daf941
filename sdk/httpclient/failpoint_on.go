//go:build afara_failpoints && unix

package httpclient

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// sent counts the requests with an effect that have left this process.
var sent atomic.Int64

// trail kills the engine and then this connector once a request with an effect
// has left completely, before its answer can be read, when AFARA_FAILPOINT is
// request_written, or request_written:n for the n-th of this process. It counts bytes, because net/http says "written" while the
// last ones may be in a buffer of its own; those that were written to the system
// arrive also when the process is dead. Only builds that test recovery have it.
type trail struct {
	body int
	head []byte
	left int
	past bool // the head is complete; left counts the body
}

func (t *trail) expect(body int) { t.body = body }

func (t *trail) passed(p []byte) {
	if t.past {
		t.left -= len(p)
	} else {
		t.head = append(t.head, p...)
		end := bytes.Index(t.head, []byte("\r\n\r\n"))
		t.past = end >= 0
		t.left = t.body - (len(t.head) - end - 4)
	}
	if t.past && t.left <= 0 && due() {
		_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

// due counts a request that has left and reports whether it is the one.
func due() bool {
	point, nth, _ := strings.Cut(os.Getenv("AFARA_FAILPOINT"), ":")
	if point != "request_written" {
		return false
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if err != nil {
		n = 1
	}
	return sent.Add(1) == n
}
