//go:build unix

package conformance

import (
	"errors"
	"syscall"
)

// ownGroup puts a program into a process group of its own, so that one signal
// reaches it and all that it started.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func signalGroup(pid int, sig syscall.Signal) error { return syscall.Kill(-pid, sig) }

// groupEmpty reports whether no process of a group is left.
func groupEmpty(pid int) bool { return errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) }

// gone reports whether there is no such process any more.
func gone(pid int) bool {
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(pid)
}
