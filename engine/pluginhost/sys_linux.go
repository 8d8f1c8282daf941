package pluginhost

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts a connector into a process group of its own, so that a signal
// to the host's group passes it by and one kill reaches its children too. The
// parent-death signal ends it with the host, however the host ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit returns when the process has ended, leaving it unreaped: until it
// is reaped nobody else can get its number, so its group can be killed safely.
// It answers false when it cannot tell.
func awaitExit(pid int) bool {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// noCore keeps secrets in a connector's memory from landing in a core file.
func noCore(pid int) error {
	return unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
}

// startTime is when a process began, in clock ticks since boot: together with
// its number it names a process for good. ok is false when there is none.
func startTime(pid int) (ticks uint64, ok bool) {
	stat, err := procStat(pid)
	if err != nil || len(stat) < 20 || stat[0] == "Z" {
		return 0, false
	}
	ticks, err = strconv.ParseUint(stat[19], 10, 64)
	return ticks, err == nil
}

// procStat is /proc/<pid>/stat from the state on: 0 state, 19 start.
func procStat(pid int) ([]string, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil, err
	}
	// The name in brackets may itself hold blanks and brackets.
	return strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:])), nil
}

// marked are the live processes that have the variable in their environment.
func marked(variable string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		env, err := os.ReadFile("/proc/" + e.Name() + "/environ") // empty for the dead
		if err == nil && strings.Contains("\x00"+string(env), "\x00"+variable+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// oomKills counts processes of the host's own cgroup that the kernel killed
// for want of memory; -1 when that cannot be told.
func oomKills() int64 {
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(self)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		events, err := os.ReadFile("/sys/fs/cgroup" + path + "/memory.events")
		if err != nil {
			return -1
		}
		return oomKillCount(string(events))
	}
	return -1
}

func oomKillCount(events string) int64 {
	for line := range strings.Lines(events) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			if v, err := strconv.ParseInt(n, 10, 64); err == nil {
				return v
			}
		}
	}
	return -1
}
