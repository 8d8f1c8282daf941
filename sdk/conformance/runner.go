package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// maxKept bounds what is kept of one output of one process.
	maxKept = 4 << 20
	// pipeDrain is how long the outputs of an ended process are still read.
	pipeDrain = 200 * time.Millisecond
)

// transcript keeps the beginning of what a process wrote.
type transcript struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := maxKept - t.kept.Len(); room > 0 {
		t.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.String()
}

// runner runs the connector for go-plugin and keeps all that it writes. Only the
// first line of standard output goes on: no output can then break the kit.
type runner struct {
	cmd *exec.Cmd

	handshake   *io.PipeReader
	handshakeTo *io.PipeWriter
	first       chan string // the first line of standard output
	stdout      transcript  // all after it
	stderr      transcript

	pumps  sync.WaitGroup
	mu     sync.Mutex
	forked bool
	reaped bool
	died   chan struct{} // closed when the process is gone
	exited chan struct{} // closed when its last words were read, too
}

func newRunner(cmd *exec.Cmd) *runner {
	r := &runner{cmd: cmd, died: make(chan struct{}), exited: make(chan struct{}), first: make(chan string, 1)}
	r.handshake, r.handshakeTo = io.Pipe()
	return r
}

// Start forks the process.
func (r *runner) Start(context.Context) error {
	out, outTo, err := os.Pipe()
	if err != nil {
		return err
	}
	errs, errsTo, err := os.Pipe()
	if err != nil {
		return errors.Join(err, out.Close(), outTo.Close())
	}
	r.cmd.Stdout, r.cmd.Stderr = outTo, errsTo
	r.cmd.SysProcAttr = ownGroup()
	err = r.cmd.Start()
	outTo.Close()
	errsTo.Close()
	if err != nil {
		return errors.Join(err, out.Close(), errs.Close())
	}
	r.mu.Lock()
	r.forked = true
	r.mu.Unlock()
	r.pumps.Go(func() { r.pumpStdout(out) })
	r.pumps.Go(func() { _, _ = io.Copy(&r.stderr, errs) }) // ends with the process
	go r.reap(out, errs)
	return nil
}

func (r *runner) pumpStdout(out io.Reader) {
	lines := bufio.NewReaderSize(out, 64<<10)
	line, err := lines.ReadSlice('\n')
	r.first <- strings.TrimRight(string(line), "\r\n")
	_, _ = r.handshakeTo.Write(line) // go-plugin refuses what is no handshake
	r.handshakeTo.Close()
	if err == nil || errors.Is(err, bufio.ErrBufferFull) {
		_, _ = io.Copy(&r.stdout, lines) // ends with the process
	}
}

// reap waits for the end. Of its group only children can be left then.
func (r *runner) reap(pipes ...*os.File) {
	_ = r.cmd.Wait() // its state says it all
	r.mu.Lock()
	r.reaped = true
	r.mu.Unlock()
	close(r.died)
	for _, p := range pipes {
		_ = p.SetReadDeadline(time.Now().Add(pipeDrain))
	}
	r.pumps.Wait()
	for _, p := range pipes {
		p.Close()
	}
	close(r.exited)
}

func (r *runner) signal(sig syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forked && !r.reaped {
		_ = signalGroup(r.cmd.Process.Pid, sig) // it may have gone meanwhile
	}
}

// endsWithin reports whether the process ends in time.
func (r *runner) endsWithin(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.exited:
		return true
	case <-t.C:
		return false
	}
}

// dies reports whether the process is gone within a time.
func (r *runner) dies(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.died:
		return true
	case <-t.C:
		return false
	}
}

// how tells of the end of a process that has ended.
func (r *runner) how() string {
	if r.cmd.ProcessState == nil {
		return "did not start"
	}
	return r.cmd.ProcessState.String()
}

// Wait returns when the process has ended.
func (r *runner) Wait(context.Context) error {
	<-r.exited
	return nil
}

// Kill ends the whole group.
func (r *runner) Kill(context.Context) error {
	r.signal(syscall.SIGKILL)
	return nil
}

// Stdout is the handshake line and then the end.
func (r *runner) Stdout() io.ReadCloser { return r.handshake }

// Stderr is empty: the kit reads the real one itself.
func (r *runner) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is that of the program.
func (r *runner) Name() string { return filepath.Base(r.cmd.Path) }

// ID is the process number.
func (r *runner) ID() string { return strconv.Itoa(r.pid()) }

func (r *runner) pid() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.forked {
		return 0
	}
	return r.cmd.Process.Pid
}

// Diagnose adds nothing.
func (r *runner) Diagnose(context.Context) string { return "" }

// PluginToHost refuses all but a unix socket, the only thing a host dials.
func (r *runner) PluginToHost(network, addr string) (string, string, error) {
	if network != "unix" {
		return "", "", fmt.Errorf("it listens on %.20q %.100q; a host dials a unix socket in PLUGIN_UNIX_SOCKET_DIR", network, addr)
	}
	return network, addr, nil
}

// HostToPlugin is the identity.
func (r *runner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
