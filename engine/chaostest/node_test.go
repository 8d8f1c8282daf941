//go:build linux

package chaostest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// node is one engine process, or one of a receiver.
type node struct {
	cmd  *exec.Cmd
	url  string        // its first line
	log  string        // its standard error
	dead chan struct{} // closed when it has ended
	err  error         // how, to be read after dead
}

// startProgram runs a program until it says where it listens; an engine with a
// fail point may die before, which is no error.
func startProgram(t *testing.T, program, log string, args, env []string) *node {
	t.Helper()
	n := &node{cmd: exec.Command(program, args...), log: log, dead: make(chan struct{})}
	n.cmd.Env = env
	// The kernel ends it when the test is killed.
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := n.cmd.StdoutPipe()
	must(t, err)
	stderr, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(t, err)
	defer stderr.Close()
	n.cmd.Stderr = stderr
	must(t, n.cmd.Start())
	lines := make(chan string, 1)
	go func() {
		defer close(n.dead)
		line, _ := bufio.NewReader(out).ReadString('\n') // its end is told by Wait
		lines <- strings.TrimSpace(line)
		n.err = n.cmd.Wait()
	}()
	n.url = <-lines
	return n
}

func (n *node) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := n.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal %s: %v", sig, err)
	}
}

// kill ends the process as a power cut would, and returns when it is gone.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it may be dead already
	<-n.dead
}

// ended waits for the process's end, for at most limit.
func (n *node) ended(limit time.Duration) bool {
	select {
	case <-n.dead:
		return true
	case <-time.After(limit):
		return false
	}
}

// over reports whether the process has ended.
func (n *node) over() bool {
	select {
	case <-n.dead:
		return true
	default:
		return false
	}
}

// wasKilled fails unless the ended process was killed, as a fail point does it.
func (n *node) wasKilled(t *testing.T) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(n.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the node ended with %v, want SIGKILL; log:\n%s", n.err, tail(n.log))
	}
}

// drain asks the process to end and waits until it has.
func (n *node) drain(t *testing.T) {
	t.Helper()
	n.signal(t, syscall.SIGTERM)
	select {
	case <-n.dead:
	case <-time.After(time.Minute): // not within the shutdown timeout either
		n.kill()
		t.Fatalf("the node did not drain; log:\n%s", tail(n.log))
	}
	if n.err != nil {
		t.Errorf("the node ended with %v; log:\n%s", n.err, tail(n.log))
	}
}

// child is the process number of a connector of the node, 0 when it has none
// at the moment.
func (n *node) child(connector string) int {
	for _, pid := range n.children() {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err == nil && strings.TrimSpace(string(name)) == connector {
			return pid
		}
	}
	return 0
}

func (n *node) children() []int {
	var pids []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", n.cmd.Process.Pid)) // the pattern is well-formed
	for _, list := range lists {
		raw, _ := os.ReadFile(list) // a thread may be gone
		for _, f := range strings.Fields(string(raw)) {
			if pid, err := strconv.Atoi(f); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// alive reports whether a process is there and no zombie.
func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func logged(path, text string) bool {
	raw, _ := os.ReadFile(path)
	return strings.Contains(string(raw), text)
}

// tail is the end of a log, for failures.
func tail(path string) string {
	raw, _ := os.ReadFile(path)
	if len(raw) > 6000 {
		raw = raw[len(raw)-6000:]
	}
	return string(raw)
}
