package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// sandboxConfig says how the stand-ins are started.
type sandboxConfig struct {
	Program, Listen, Data string
	LogLevel              slog.Level
	Log                   io.Writer
}

// sandbox is the process of the vendors' stand-ins.
type sandbox struct {
	cmd     *exec.Cmd
	url     string
	ended   chan struct{} // closed when the process has ended
	exit    error         // readable once ended is closed
	stopped atomic.Bool
}

const (
	sandboxStart = 15 * time.Second
	sandboxStop  = 8 * time.Second
)

// startSandbox starts the stand-ins and waits until they listen.
func startSandbox(ctx context.Context, c sandboxConfig) (*sandbox, error) {
	address, err := freePort(c.Listen)
	if err != nil {
		return nil, err
	}
	s := &sandbox{ended: make(chan struct{})}
	s.cmd = exec.Command(c.Program, "--listen", address, "--data", c.Data, "--log-level", c.LogLevel.String())
	s.cmd.Stderr = c.Log
	// A group of its own: Ctrl-C reaches this process only, which first ends
	// the engine and then its authority.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(s.cmd.SysProcAttr)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	started := make(chan error, 1)
	go s.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start sandbox: %w: build it (make build), or name it with --sandbox", err)
	}
	if err := s.waitReady(ctx, out); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// freePort finds out early, and in our words, that the port is taken. Port 0
// becomes a free one.
func freePort(address string) (string, error) {
	l, err := listen(address, "--sandbox-listen or AFARA_SANDBOX_LISTEN")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// run starts the process and waits for its end on one locked thread: the
// kernel sends the parent-death signal when the thread that started the child
// ends, not the process.
func (s *sandbox) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := s.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_, s.exit = s.cmd.Process.Wait()
	close(s.ended)
}

// waitReady reads the line that says where the stand-ins listen.
func (s *sandbox) waitReady(ctx context.Context, out io.Reader) error {
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, rest, ok := strings.Cut(lines.Text(), "sandbox ready on "); ok {
				url, _, _ := strings.Cut(rest, " ")
				ready <- url
			}
		}
	}()
	limit := time.NewTimer(sandboxStart)
	defer limit.Stop()
	select {
	case s.url = <-ready:
		return nil
	case <-s.ended:
		return errors.New("start sandbox: it ended at once: its reason stands above")
	case <-limit.C:
		return fmt.Errorf("start sandbox: not ready within %s", sandboxStart)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the process and waits for it; calling it again does nothing.
func (s *sandbox) stop() error {
	s.stopped.Store(true)
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	limit := time.NewTimer(sandboxStop)
	defer limit.Stop()
	select {
	case <-s.ended:
		return nil
	case <-limit.C:
	}
	err := s.cmd.Process.Kill()
	<-s.ended
	return err
}

// crashed says that the process ended without being asked to.
func (s *sandbox) crashed() error {
	select {
	case <-s.ended:
		if !s.stopped.Load() {
			return errors.New("the sandbox ended by itself: its reason stands above")
		}
	default:
	}
	return nil
}
