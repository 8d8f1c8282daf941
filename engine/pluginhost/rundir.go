package pluginhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	hostPrefix   = "h-"
	socketPrefix = "afara-s-" // in the system's temporary folder
	lockFile     = "lock"
	pidFile      = "pid.json"
	// runVariable marks a connector, and what it started, as ours: its value is
	// the folder of one start, which no other process has.
	runVariable = "AFARA_PLUGIN_RUN"
	// maxSocketPath is what a unix socket's address holds on every system.
	maxSocketPath = 103
	// socketTail is the longest name that go-plugin puts below a start folder.
	socketTail = "/plugin-dir4294967295/plugin4294967295"
)

// runDir is a host's own folder. The lock inside is held for the host's life
// and let go by the kernel however it ends, so that the next host knows which
// folders, and which processes, are left-overs.
type runDir struct {
	path string
	lock *os.File
}

// openRunDir makes this host's folder below base and sweeps those of hosts
// that are gone. It answers how many processes it had to kill.
func openRunDir(base string) (*runDir, int, error) {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, 0, fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	if err := onlyOurs(base); err != nil {
		return nil, 0, err
	}
	all, err := lockPath(filepath.Join(base, lockFile), unix.LOCK_EX)
	if err != nil {
		return nil, 0, fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	defer all.Close() // lets go of the lock
	swept := sweep(base)
	path, err := os.MkdirTemp(base, hostPrefix)
	if err != nil {
		return nil, swept, fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	lock, err := lockPath(filepath.Join(path, lockFile), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil {
		return nil, swept, fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	return &runDir{path: path, lock: lock}, swept, nil
}

// onlyOurs refuses a folder into which somebody else could put a program.
func onlyOurs(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("pluginhost: RunDir: %s must be a folder of this user that nobody else can write to; chmod 700 it or name another", dir)
	}
	return nil
}

func lockPath(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f, how); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// newStart makes the private folder of one start of a connector. Sockets go
// elsewhere when the path is too long for a socket's address.
func (d *runDir) newStart() (*startDir, error) {
	path, err := os.MkdirTemp(d.path, "s-")
	if err != nil {
		return nil, err
	}
	s := &startDir{path: path, sockets: path}
	if len(path)+len(socketTail) > maxSocketPath {
		if s.sockets, err = os.MkdirTemp("", socketPrefix); err != nil {
			return nil, errors.Join(err, os.RemoveAll(path))
		}
	}
	if len(s.sockets)+len(socketTail) > maxSocketPath {
		err := fmt.Errorf("%s is too long for a socket's address; set a shorter RunDir or TMPDIR", s.sockets)
		return nil, errors.Join(err, s.remove())
	}
	// Known before the fork, so that not even a crash in between leaves it.
	return s, s.record(0)
}

func (d *runDir) remove() error {
	err := os.RemoveAll(d.path)
	return errors.Join(err, d.lock.Close())
}

// startDir is the private folder of one process.
type startDir struct {
	path    string
	sockets string
}

// leftover is what a later host must know to clean up after this one.
type leftover struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"` // clock ticks since boot
	Sockets   string `json:"sockets"`
}

func (s *startDir) record(pid int) error {
	ticks, _ := startTime(pid)
	raw, err := json.Marshal(leftover{PID: pid, StartTime: ticks, Sockets: s.sockets})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.path, pidFile), raw, 0o600)
}

func (s *startDir) remove() error {
	return errors.Join(os.RemoveAll(s.path), os.RemoveAll(s.sockets))
}

// sweep ends the processes and removes the folders of hosts that are gone. The
// caller holds the lock of base.
func sweep(base string) (killed int) {
	hosts, err := filepath.Glob(filepath.Join(base, hostPrefix+"*"))
	if err != nil {
		return 0
	}
	for _, host := range hosts {
		lock, err := lockPath(filepath.Join(host, lockFile), unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			continue // it lives
		}
		killed += sweepHost(host)
		lock.Close()
	}
	return killed
}

func sweepHost(host string) (killed int) {
	starts, _ := filepath.Glob(filepath.Join(host, "s-*")) // the pattern is well-formed
	for _, path := range starts {
		var l leftover
		raw, err := os.ReadFile(filepath.Join(path, pidFile))
		if err == nil && json.Unmarshal(raw, &l) == nil {
			killed += killLeftover(l)
			removeSockets(l.Sockets)
		}
		killed += killMarked(path)
	}
	_ = os.RemoveAll(host) // what stays is tried again by the next host
	return killed
}

// killLeftover ends the recorded group, unless its number is by now somebody
// else's.
func killLeftover(l leftover) int {
	ticks, alive := startTime(l.PID)
	if l.PID <= 1 || !alive || ticks != l.StartTime {
		return 0
	}
	if syscall.Kill(-l.PID, syscall.SIGKILL) != nil {
		return 0
	}
	return 1
}

// killMarked ends what carries the start's mark in its environment, also when
// it has left the process group.
func killMarked(start string) (killed int) {
	for _, pid := range marked(runVariable + "=" + start) {
		if pid != os.Getpid() && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}

// removeSockets removes a socket folder outside the run folder, and nothing
// that this package did not make.
func removeSockets(dir string) {
	if filepath.Dir(dir) == filepath.Clean(os.TempDir()) && strings.HasPrefix(filepath.Base(dir), socketPrefix) {
		_ = os.RemoveAll(dir) // best effort: it is empty but for a dead socket
	}
}
