package pluginhost

import (
	"fmt"
	"os"
	"syscall"
)

// exit is how a process ended.
type exit struct {
	state  *os.ProcessState // nil when it cannot be told
	killed string           // why the host killed it; empty when it did not
	oom    bool             // the kernel counted a kill for want of memory
}

// String is the exit reason for operators.
func (e exit) String() string {
	how := e.how()
	if e.killed != "" {
		return fmt.Sprintf("was killed by the host: %s (%s)", e.killed, how)
	}
	return how
}

func (e exit) how() string {
	if e.state == nil {
		return "ended in an unknown way"
	}
	ws, ok := e.state.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return fmt.Sprintf("ended with exit code %d", e.state.ExitCode())
	}
	sig := fmt.Sprintf("ended by signal %d (%s)", int(ws.Signal()), ws.Signal())
	switch {
	case ws.Signal() != syscall.SIGKILL || e.killed != "":
		return sig
	case e.oom:
		return sig + ": OOM_KILLED, the kernel ran out of memory; raise the limit"
	default:
		return sig + ", not by the host: somebody's kill, or the kernel short of memory"
	}
}
