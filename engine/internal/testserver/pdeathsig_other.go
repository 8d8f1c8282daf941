//go:build !linux

package testserver

import "syscall"

// endWithParent does nothing where there is no parent-death signal.
func endWithParent() *syscall.SysProcAttr { return nil }
