//go:build afara_failpoints && unix

package httpclient

import (
	"os"
	"syscall"
)

// passed kills the engine and then this connector once a request with an effect
// has left completely, before its answer can be read, when AFARA_FAILPOINT is
// request_written. net/http says "written" while the last bytes are still in its
// buffer; the write that follows brings them to the system, which delivers them
// also for a dead process. Only builds that test recovery contain this.
func passed(l *leave, err error) {
	if _, written, _ := l.state(); !written || err != nil || os.Getenv("AFARA_FAILPOINT") != "request_written" {
		return
	}
	_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
