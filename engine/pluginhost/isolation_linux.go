package pluginhost

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// limit fences one process in. A limit that the process has already, and that
// is lower, stays.
func limit(pid int, l Limits) error {
	for _, want := range []struct {
		resource int
		value    int64
	}{
		{unix.RLIMIT_CORE, 0}, // secrets in its memory shall not land in a core file
		{unix.RLIMIT_DATA, l.dataBytes()},
		{unix.RLIMIT_NOFILE, int64(l.Files)},
	} {
		var has unix.Rlimit
		if err := unix.Prlimit(pid, want.resource, nil, &has); err != nil {
			return err
		}
		value := min(uint64(want.value), has.Max)
		if err := unix.Prlimit(pid, want.resource, &unix.Rlimit{Cur: value, Max: value}, nil); err != nil {
			return err
		}
	}
	return nil
}

// isolationOf reads back what is in force for the process.
func (r *childRunner) isolationOf() *Isolation {
	pid := r.pid()
	group, _ := syscall.Getpgid(pid) // of a process that is gone: none
	i := &Isolation{
		Environment: onlyGiven(pid, r.cmd.Env), Folder: worksIn(pid, r.dir.path), Group: group == pid,
		ParentDeath: r.cmd.SysProcAttr.Pdeathsig == syscall.SIGKILL, NoNewPrivileges: procField(pid, "NoNewPrivs") == "1",
		CoreBytes: rlimit(pid, unix.RLIMIT_CORE), DataBytes: rlimit(pid, unix.RLIMIT_DATA), OpenFiles: rlimit(pid, unix.RLIMIT_NOFILE),
		MemoryBytes: Unlimited, Processes: Unlimited,
	}
	r.cage.describe(pid, i)
	return i
}

// onlyGiven reports whether the process began with these variables and no
// other.
func onlyGiven(pid int, given []string) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for kv := range strings.SplitSeq(strings.TrimSuffix(string(raw), "\x00"), "\x00") {
		if !slices.Contains(given, kv) {
			return false
		}
	}
	return true
}

func worksIn(pid int, dir string) bool {
	at, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	if err != nil {
		return false
	}
	here, err := os.Stat(at)
	if err != nil {
		return false
	}
	own, err := os.Stat(dir)
	return err == nil && os.SameFile(here, own) && own.Mode().Perm() == 0o700
}

// procField is one line of /proc/<pid>/status.
func procField(pid int, name string) string {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// rlimit is the hard limit: the soft one a process may raise.
func rlimit(pid, resource int) int64 {
	var has unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &has); err != nil || has.Max > math.MaxInt64 {
		return Unlimited
	}
	return int64(has.Max)
}

// noNewPrivileges holds for the calling thread and for what it forks.
func noNewPrivileges() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
