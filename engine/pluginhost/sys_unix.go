//go:build unix && !linux

package pluginhost

import "syscall"

// Outside Linux there is no parent-death signal: the SDK's own watch of its
// parent ends a connector whose host has died.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit has nothing to wait on without reaping; the caller reaps next.
func awaitExit(int) bool { return false }

func noCore(int) error { return nil }

// Without /proc a left-over process cannot be told from a stranger with the
// same number, so none is reported and none is killed.
func startTime(int) (uint64, bool) { return 0, false }

func marked(string) []int { return nil }

func oomKills() int64 { return -1 }
