//go:build afara_failpoints && unix

package httpclient

import (
	"bytes"
	"os"
	"syscall"
)

// trail kills the engine and then this connector once a request with an effect
// has left completely, before its answer can be read, when AFARA_FAILPOINT is
// request_written. It counts bytes, because net/http says "written" while the
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
	if t.past && t.left <= 0 && os.Getenv("AFARA_FAILPOINT") == "request_written" {
		_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}
