//go:build !linux

package main

import "syscall"

// dieWithParent: only Linux can; elsewhere a killed `afara dev` leaves its
// sandbox running.
func dieWithParent(*syscall.SysProcAttr) {}
