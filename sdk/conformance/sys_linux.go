package conformance

import (
	"os"
	"strconv"
	"strings"
)

// isZombie reports whether a process has ended and nobody has asked how.
func isZombie(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(raw[max(0, strings.LastIndexByte(string(raw), ')')):]), " ")
	return strings.HasPrefix(rest, "Z")
}

// descriptors counts the open descriptors of a process; ok is false when it
// cannot be told.
func descriptors(pid int) (n int, ok bool) {
	entries, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/fd")
	return len(entries), err == nil
}
