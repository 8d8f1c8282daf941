package pluginhost

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
)

var errHostClosed = errors.New("the host is closed")

// launcher starts the connectors of one host, until it is closed.
type launcher struct{ done chan struct{} }

type launch struct {
	cmd  *exec.Cmd
	errs chan error
}

func newLauncher() *launcher { return &launcher{make(chan struct{})} }

func (l *launcher) start(cmd *exec.Cmd) error {
	select {
	case <-l.done:
		return errHostClosed
	default:
	}
	s := launch{cmd: cmd, errs: make(chan error, 1)}
	select {
	case forks() <- s:
		return <-s.errs
	case <-l.done:
		return errHostClosed
	}
}

// close refuses further starts; every connector must have ended before.
func (l *launcher) close() { close(l.done) }

// forks leads to the one thread of this process that forks connectors. The
// kernel sends the parent-death signal when the thread that forked ends, not the
// process, so this one never ends: nor may it, for who knows what it forked for
// others before it came here. It has given up new privileges, and so have all
// that it forks; that cannot be undone, so nothing else runs on it.
var forks = sync.OnceValue(func() chan<- launch {
	starts := make(chan launch)
	go forkForEver(starts)
	return starts
})

func forkForEver(starts <-chan launch) {
	runtime.LockOSThread()
	_ = noNewPrivileges() // what came of it is read back from each process
	for s := range starts {
		s.errs <- s.cmd.Start()
	}
}
