package pluginhost

import (
	"errors"
	"os"
	"path/filepath"
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
	own, err := ownPlace()
	if err != nil {
		return -1
	}
	events, err := os.ReadFile(filepath.Join(own.dir(), "memory.events"))
	if err != nil {
		return -1
	}
	return eventCount(string(events), "oom_kill")
}

// eventCount is one line of a cgroup's memory.events; -1 without it.
func eventCount(events, name string) int64 {
	for line := range strings.Lines(events) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			if v, err := strconv.ParseInt(n, 10, 64); err == nil {
				return v
			}
		}
	}
	return -1
}

// ticksPerSecond is the unit of times in /proc: USER_HZ, 100 on every Linux
// that Go runs on (proc(5)).
const ticksPerSecond = 100

// usageOf reads what a process takes of the machine.
func usageOf(pid int) Usage {
	stat, err := procStat(pid)
	if err != nil || len(stat) < 22 {
		return Usage{}
	}
	number := func(i int) int64 { // fields of proc(5), the state being the third
		n, err := strconv.ParseInt(stat[i-3], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return Usage{
		MemoryBytes: number(24) * int64(os.Getpagesize()),
		CPUSeconds:  float64(number(14)+number(15)) / ticksPerSecond,
		Threads:     int(number(20)),
	}
}
