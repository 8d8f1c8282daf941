//go:build unix && !linux

package pluginhost

import (
	"errors"
	"syscall"
)

// Outside Linux there is no parent-death signal: the SDK's own watch of its
// parent ends a connector whose host has died.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit has nothing to wait on without reaping; the caller reaps next.
func awaitExit(int) bool { return false }

// Outside Linux the kernel has no limits that one process sets on another, and
// nothing can be read back of what it is in.
func limit(int, Limits) error { return nil }

func noNewPrivileges() error { return nil }

func (r *childRunner) isolationOf() *Isolation { return nil }

// CgroupLimits says that there are none.
func CgroupLimits() error { return errors.New("this system has no cgroups") }

type cages struct{}

func newCages() *cages { return &cages{} }

func (*cages) make(Limits) *cage { return &cage{} }

type cage struct{}

func (*cage) into(*syscall.SysProcAttr) bool { return false }

func (*cage) leave(string) {}

func (*cage) oom() (bool, int64) { return false, 0 }

func (*cage) remove() error { return nil }

// Without /proc a left-over process cannot be told from a stranger with the
// same number, so none is reported and none is killed.
func startTime(int) (uint64, bool) { return 0, false }

func marked(string) []int { return nil }

func oomKills() int64 { return -1 }

func usageOf(int) Usage { return Usage{} }
