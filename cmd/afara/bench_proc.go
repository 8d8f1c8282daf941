package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU times in /proc on Linux (USER_HZ).
const clockTick = 10 * time.Millisecond

// cpuOf is the CPU time that a process has used, in user and kernel mode.
func cpuOf(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err == nil && taskCount(pid) == 1 {
		if ns, err := strconv.ParseInt(string(bytes.Fields(raw)[0]), 10, 64); err == nil {
			return time.Duration(ns)
		}
	}
	own, _ := cpuTimes(pid)
	return own
}

// cpuTimes are those of a process and of its children that have ended, in ticks.
func cpuTimes(pid int) (own, ended time.Duration) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The name may hold blanks; the fields are counted from behind it.
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, 0
	}
	var ticks [4]time.Duration // user, system, user of children, system of children
	for i := range ticks {
		n, _ := strconv.ParseInt(fields[11+i], 10, 64)
		ticks[i] = time.Duration(n) * clockTick
	}
	return ticks[0] + ticks[1], ticks[2] + ticks[3]
}

// postgresName is the server process of PostgreSQL, with all its children.
const postgresName = "postgresql"

// cpuOfFamily is the CPU time of a process, of its children and of those that
// have ended.
func cpuOfFamily(pid int) time.Duration {
	own, ended := cpuTimes(pid)
	sum := own + ended
	for _, child := range childrenOf(pid) {
		sum += cpuOf(child)
	}
	return sum
}

func taskCount(pid int) int {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return len(tasks)
}

// pssOf is the process's proportional share of memory, in bytes.
func pssOf(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// childrenOf lists the direct children of a process.
func childrenOf(pid int) []int {
	var out []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(raw)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}
