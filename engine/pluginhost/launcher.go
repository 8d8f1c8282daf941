package pluginhost

import (
	"errors"
	"os/exec"
	"runtime"
)

var errHostClosed = errors.New("the host is closed")

// launcher forks all connectors from one goroutine that stays on one thread
// for the host's life: the kernel sends the parent-death signal when the
// thread that forked ends, not the process.
type launcher struct {
	starts chan launch
	stop   chan struct{}
	done   chan struct{}
}

type launch struct {
	cmd  *exec.Cmd
	errs chan error
}

func newLauncher() *launcher {
	l := &launcher{starts: make(chan launch), stop: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

func (l *launcher) run() {
	defer close(l.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case s := <-l.starts:
			s.errs <- s.cmd.Start()
		case <-l.stop:
			return
		}
	}
}

func (l *launcher) start(cmd *exec.Cmd) error {
	s := launch{cmd: cmd, errs: make(chan error, 1)}
	select {
	case l.starts <- s:
		return <-s.errs
	case <-l.done:
		return errHostClosed
	}
}

// close ends the thread; every connector must have ended before.
func (l *launcher) close() {
	close(l.stop)
	<-l.done
}
