package pluginhost

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// engineLeaf is the cgroup that the engine moves into: only leaves may hold
	// processes once the controllers are handed on.
	engineLeaf = "afara-engine"
	// cagePrefix is followed by the engine's number and start, so that the next
	// one knows which are left over.
	cagePrefix = "afara-c-"
)

// cages are the cgroups of this host's connectors, one for each start. They are
// looked for at the first start, since that may move the engine.
type cages struct {
	own func() (place, error) // the engine's own cgroup

	once sync.Once
	base string // where they are made; empty when they cannot be
	why  string // why not
}

func newCages() *cages { return &cages{own: ownPlace} }

// open makes ready, once, and sweeps what dead engines have left.
func (c *cages) open() {
	c.once.Do(func() {
		p, err := c.own()
		if err == nil {
			c.base, err = p.prepare()
		}
		if err != nil {
			c.why = err.Error()
			return
		}
		sweepCages(c.base)
	})
}

// cage is the cgroup of one process and all that it starts. Without a path it
// is none, and says why.
type cage struct {
	path string
	dir  *os.File
	why  string
}

// make makes a cage with these limits.
func (c *cages) make(l Limits) *cage {
	c.open()
	if c.base == "" {
		return &cage{why: c.why}
	}
	k, err := newCage(c.base, l)
	if err != nil {
		return &cage{why: fmt.Sprintf("it cannot be made: %v", err)}
	}
	return k
}

func newCage(base string, l Limits) (*cage, error) {
	ticks, _ := startTime(os.Getpid()) // it runs
	path, err := os.MkdirTemp(base, fmt.Sprintf("%s%d-%d-", cagePrefix, os.Getpid(), ticks))
	if err != nil {
		return nil, err
	}
	k := &cage{path: path}
	given := readWords(filepath.Join(base, "cgroup.subtree_control"))
	if slices.Contains(given, "memory") {
		err = k.write("memory.max", strconv.FormatInt(l.memoryBytes(), 10))
		// Swapping would hide the limit, and half a connector is no use. Kernels
		// without swap, and old ones, lack these two.
		_ = k.write("memory.swap.max", "0")
		_ = k.write("memory.oom.group", "1")
	}
	if slices.Contains(given, "pids") {
		err = errors.Join(err, k.write("pids.max", strconv.Itoa(l.Processes)))
	}
	if err == nil {
		k.dir, err = os.Open(path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return k, nil
}

func (k *cage) write(file, text string) error {
	return os.WriteFile(filepath.Join(k.path, file), []byte(text), 0o600)
}

// limit is one of the cage's limits.
func (k *cage) limit(file string) int64 {
	raw, err := os.ReadFile(filepath.Join(k.path, file))
	if err != nil {
		return Unlimited
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil {
		return Unlimited // "max"
	}
	return n
}

// oom reports whether the kernel has killed in the cage for want of memory, and
// the limit in bytes if it was the cage's that was reached.
func (k *cage) oom() (killed bool, limit int64) {
	if k.path == "" {
		return false, 0
	}
	events, err := os.ReadFile(filepath.Join(k.path, "memory.events"))
	if err != nil || eventCount(string(events), "oom_kill") <= 0 {
		return false, 0
	}
	if eventCount(string(events), "oom") > 0 {
		limit = max(0, k.limit("memory.max"))
	}
	return true, limit
}

// describe adds what holds for the process, if the kernel says that it is in
// the cage.
func (k *cage) describe(pid int, i *Isolation) {
	if k.path == "" {
		i.NoCgroup = k.why
		return
	}
	at, err := cgroupOf(strconv.Itoa(pid))
	if err != nil || filepath.Base(at) != filepath.Base(k.path) {
		i.NoCgroup = fmt.Sprintf("the process is in %s, not in the one that was made for it", at)
		return
	}
	i.Cgroup, i.MemoryBytes, i.Processes = at, k.limit("memory.max"), k.limit("pids.max")
}

// cageGone is how long the kernel may take to bury what was killed in a cage.
const cageGone = 2 * time.Second

// into makes a start happen in the cage; false without one.
func (k *cage) into(attr *syscall.SysProcAttr) bool {
	if k.path == "" {
		return false
	}
	attr.UseCgroupFD, attr.CgroupFD = true, int(k.dir.Fd())
	return true
}

// leave gives the cage up.
func (k *cage) leave(why string) {
	_ = k.remove() // it is empty
	k.path, k.why = "", why
}

// remove ends what is left in the cage and removes it.
func (k *cage) remove() error {
	if k.path == "" {
		return nil
	}
	if k.dir != nil {
		k.dir.Close()
	}
	return removeCage(k.path, cageGone)
}

func removeCage(path string, patience time.Duration) error {
	if err := os.WriteFile(filepath.Join(path, "cgroup.kill"), []byte("1"), 0o200); err != nil {
		for _, pid := range readWords(filepath.Join(path, "cgroup.procs")) { // a kernel before 5.14
			if n, err := strconv.Atoi(pid); err == nil && n > 1 {
				_ = unix.Kill(n, unix.SIGKILL)
			}
		}
	}
	end := time.Now().Add(patience)
	for {
		err := unix.Rmdir(path)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(end) {
			return fmt.Errorf("remove cgroup %s: %w", path, err)
		}
		time.Sleep(time.Millisecond)
	}
}

// sweepCages removes the cages of engines that are gone.
func sweepCages(base string) {
	left, err := filepath.Glob(filepath.Join(base, cagePrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range left {
		var pid int
		var ticks uint64
		if n, _ := fmt.Sscanf(filepath.Base(path), cagePrefix+"%d-%d-", &pid, &ticks); n != 2 {
			continue
		}
		if now, alive := startTime(pid); !alive || now != ticks {
			_ = removeCage(path, cageGone) // the next engine tries again
		}
	}
}

// readWords are the words of a small file; none when it cannot be read.
func readWords(path string) []string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(raw))
}
