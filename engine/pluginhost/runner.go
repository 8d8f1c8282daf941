package pluginhost

import (
	"bufio"
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
	"sync/atomic"
	"syscall"
	"time"
)

// pipeDrain is how long the pipes of an ended process are still read: what it
// wrote last is there already, and a grandchild may hold them open for ever.
const pipeDrain = 200 * time.Millisecond

// childRunner runs one connector process for go-plugin. It stands between the
// two: go-plugin gets the handshake line and nothing else, so that no output,
// however long or strange, can crash or block it.
type childRunner struct {
	cmd    *exec.Cmd
	launch *launcher
	dir    *startDir
	sink   *logSink
	limits Limits
	cages  *cages
	cage   *cage

	handshake   *io.PipeReader
	handshakeTo *io.PipeWriter
	noise       atomic.Pointer[string] // a first line that was no handshake
	protocol    atomic.Pointer[string] // the contract's version that it speaks

	pumps  sync.WaitGroup
	forked atomic.Bool
	mu     sync.Mutex
	reaped bool          // the number is no longer ours
	exited chan struct{} // closed after the process was reaped
	result exit          // to be read after exited
	quiet  chan struct{} // closed after its last line was read
	killed atomic.Pointer[string]
	oomsAt int64
	// starved says that its last words were that it has no memory.
	starved atomic.Bool
}

func newChildRunner(s *launchSpec) *childRunner {
	r := &childRunner{
		cmd: s.command(), launch: s.launch, dir: s.dir, sink: s.sink, limits: s.limits, cages: s.cages,
		exited: make(chan struct{}), quiet: make(chan struct{}),
	}
	r.handshake, r.handshakeTo = io.Pipe()
	return r
}

// Start forks the process. The caller ends it with signal and waits for
// exited, also when a later step of the start goes wrong.
func (r *childRunner) Start(context.Context) error {
	out, outTo, err := os.Pipe()
	if err != nil {
		return err
	}
	errs, errsTo, err := os.Pipe()
	if err != nil {
		closeAll(out, outTo)
		return err
	}
	// Files, not writers: Wait must not depend on who else holds the pipes.
	r.cmd.Stdout, r.cmd.Stderr = outTo, errsTo
	r.oomsAt = oomKills()
	err = r.fork()
	closeAll(outTo, errsTo)
	if err != nil {
		closeAll(out, errs)
		return err
	}
	r.forked.Store(true)
	if err := r.dir.record(r.pid()); err != nil {
		r.sink.log.Warn("connector has no pid file", "error", err)
	}
	r.limit()
	r.pumps.Go(func() { r.pumpStdout(out) })
	r.pumps.Go(func() { r.pumpStderr(errs) })
	go r.reap(out, errs)
	return nil
}

func (r *childRunner) hasExited() bool {
	select {
	case <-r.exited:
		return true
	default:
		return false
	}
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		f.Close()
	}
}

func (r *childRunner) pid() int { return r.cmd.Process.Pid }

// pumpStdout hands the first line over and reads the rest away, for a process
// whose pipe is full stands still.
func (r *childRunner) pumpStdout(out *os.File) {
	defer r.handshakeTo.Close()
	br := bufio.NewReaderSize(out, maxLine)
	line, err := br.ReadSlice('\n')
	r.inspect(string(trimEOL(line)))
	_, _ = r.handshakeTo.Write(line) // an unfit line makes go-plugin refuse it
	r.handshakeTo.Close()
	if err == nil || errors.Is(err, bufio.ErrBufferFull) {
		_ = readLines(br, r.sink.line) // ends with the process
	}
}

// inspect looks at the first line, "1|protocol|network|address|...", to explain
// later why go-plugin refused it.
func (r *childRunner) inspect(line string) {
	if parts := strings.Split(line, "|"); len(parts) >= 4 {
		r.protocol.Store(&parts[1])
	} else if line != "" {
		noise := fmt.Sprintf("%.200q", r.sink.redact.mask(line))
		r.noise.Store(&noise)
	}
}

func (r *childRunner) pumpStderr(errs *os.File) {
	_ = readLines(errs, func(line []byte, cut bool) { // ends with the process
		if saysNoMemory(line) {
			r.starved.Store(true)
		}
		r.sink.line(line, cut)
	})
}

// reap waits for the end, ends what the process has left behind, and says so.
func (r *childRunner) reap(pipes ...*os.File) {
	defer close(r.quiet)
	r.bury()
	r.result = exit{state: r.cmd.ProcessState, data: r.limits.dataBytes()}
	if r.result.oom, r.result.limit = r.cage.oom(); !r.result.oom {
		r.result.oom = r.oomsAt >= 0 && oomKills() > r.oomsAt
	}
	if why := r.killed.Load(); why != nil {
		r.result.killed = *why
	}
	close(r.exited)
	killMarked(r.dir.path)
	if err := r.cage.remove(); err != nil {
		r.sink.log.Warn("connector's cgroup stays", "error", err)
	}
	for _, p := range pipes {
		_ = p.SetReadDeadline(time.Now().Add(pipeDrain))
	}
	r.pumps.Wait()
	closeAll(pipes...)
}

// ended is how the process ended, to be read after quiet: its last words are
// part of it.
func (r *childRunner) ended() exit {
	e := r.result
	e.starved = r.starved.Load()
	return e
}

// bury kills what is left of the group while the dead leader still keeps its
// number from others, then reaps the leader. No signal can come in between.
func (r *childRunner) bury() {
	if !awaitExit(r.pid()) {
		_ = r.cmd.Wait() // its state says it all
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reaped = true
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = syscall.Kill(-r.pid(), syscall.SIGKILL)
	_ = r.cmd.Wait()
	r.reaped = true
}

// signal reaches the whole process group, unless it is gone.
func (r *childRunner) signal(sig syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.reaped {
		_ = syscall.Kill(-r.pid(), sig)
	}
}

// kill ends the group, if there is one, and notes why, for the exit reason.
func (r *childRunner) kill(why string) {
	if !r.forked.Load() {
		return
	}
	r.killed.CompareAndSwap(nil, &why)
	r.signal(syscall.SIGKILL)
}

// Wait returns when the process has ended, whoever holds its pipes.
func (r *childRunner) Wait(context.Context) error {
	<-r.exited
	return nil
}

// Kill is go-plugin's last resort.
func (r *childRunner) Kill(context.Context) error {
	r.kill("start or end did not succeed")
	return nil
}

// Stdout is the handshake line and then the end.
func (r *childRunner) Stdout() io.ReadCloser { return r.handshake }

// Stderr is empty: the host reads the real one itself.
func (r *childRunner) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is that of the program, for go-plugin's logger, which is off.
func (r *childRunner) Name() string { return filepath.Base(r.cmd.Path) }

// ID is the process number; empty before Start.
func (r *childRunner) ID() string {
	if !r.forked.Load() {
		return ""
	}
	return strconv.Itoa(r.pid())
}

// Diagnose adds nothing: the host words its own reasons.
func (r *childRunner) Diagnose(context.Context) string { return "" }

// PluginToHost refuses to dial anything but a socket in the start's own folder.
func (r *childRunner) PluginToHost(network, addr string) (string, string, error) {
	if network != "unix" || !strings.HasPrefix(filepath.Clean(addr), r.dir.sockets+string(filepath.Separator)) {
		return "", "", fmt.Errorf("the process offers %.20q %.100q, which is not a socket in its own folder", network, addr)
	}
	return network, addr, nil
}

// HostToPlugin is the identity: both see one file system.
func (r *childRunner) HostToPlugin(network, addr string) (string, string, error) {
	return network, addr, nil
}
