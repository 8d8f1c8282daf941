//go:build afara_failpoints && unix

package httpclient

import (
	"net/http/httptrace"
	"os"
	"syscall"
)

// requestWritten kills the engine and then this connector, right after a
// request with an effect was written completely and before its answer can be
// read, when AFARA_FAILPOINT is request_written. Only builds that test recovery
// contain it.
func requestWritten(info httptrace.WroteRequestInfo) {
	if info.Err != nil || os.Getenv("AFARA_FAILPOINT") != "request_written" {
		return
	}
	_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
