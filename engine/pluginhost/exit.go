package pluginhost

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// exit is how a process ended.
type exit struct {
	state   *os.ProcessState // nil when it cannot be told
	killed  string           // why the host killed it; empty when it did not
	oom     bool             // the kernel counted a kill for want of memory
	limit   int64            // the cgroup's, in bytes, when that was reached
	starved bool             // its last words were that it has no memory
	data    int64            // what it may map, in bytes
}

// String is the exit reason for operators.
func (e exit) String() string {
	how := e.how()
	if e.killed != "" && e.signalled() { // and did not end by itself before
		return fmt.Sprintf("was killed by the host: %s (%s)", e.killed, how)
	}
	return how
}

// err says what kind of end it was.
func (e exit) err() error {
	if e.outOfMemory() {
		return fmt.Errorf("%w: it %s", errMemory, e)
	}
	return fmt.Errorf("%w: it %s", errEnded, e)
}

// outOfMemory reports whether it died for want of memory, for certain: by the
// kernel's count, or by the words of a runtime that then ended in a fault.
func (e exit) outOfMemory() bool {
	return e.oomKilled() || e.starved && e.state != nil && !e.state.Success() && (e.killed == "" || !e.signalled())
}

func (e exit) oomKilled() bool {
	if e.state == nil || e.killed != "" || !e.oom {
		return false
	}
	ws, ok := e.state.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL
}

func (e exit) signalled() bool {
	if e.state == nil {
		return true // nobody knows
	}
	ws, ok := e.state.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled()
}

func (e exit) how() string {
	switch {
	case e.state == nil:
		return "ended in an unknown way"
	case e.oomKilled() && e.limit > 0:
		return fmt.Sprintf("was oom_killed: killed by the kernel: out of memory (limit %d MiB)", e.limit>>20)
	case e.oomKilled():
		return "was oom_killed: killed by the kernel: out of memory (a limit of the engine's, or all of the machine's)"
	case e.outOfMemory():
		return fmt.Sprintf("had no memory, it says, and %s (it may map %d MiB)", e.signalOrCode(), e.data>>20)
	default:
		return e.signalOrCode()
	}
}

func (e exit) signalOrCode() string {
	ws, ok := e.state.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return fmt.Sprintf("ended with exit code %d", e.state.ExitCode())
	}
	sig := fmt.Sprintf("ended by signal %d (%s)", int(ws.Signal()), ws.Signal())
	if ws.Signal() != syscall.SIGKILL || e.killed != "" {
		return sig
	}
	return sig + ", not by the host: somebody's kill, or the kernel short of memory"
}

// saysNoMemory knows the last words of the runtimes of Go, Node, C++ and Rust.
func saysNoMemory(line []byte) bool {
	for _, words := range []string{
		"fatal error: runtime: out of memory", "fatal error: out of memory", "fatal error: runtime: cannot allocate memory",
		"runtime: out of memory: ", "terminate called after throwing an instance of 'std::bad_alloc'",
	} {
		if bytes.HasPrefix(line, []byte(words)) {
			return true
		}
	}
	return bytes.HasPrefix(line, []byte("FATAL ERROR: ")) && bytes.Contains(line, []byte("JavaScript heap out of memory")) ||
		bytes.HasPrefix(line, []byte("memory allocation of ")) && bytes.HasSuffix(line, []byte(" bytes failed"))
}
