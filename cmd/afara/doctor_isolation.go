package main

import (
	"os"

	"github.com/afara-dev/afara/engine/pluginhost"
)

// checkIsolation says what this machine has to fence connectors in. What holds
// for a process, the registry of connectors shows.
func checkIsolation(r *report) {
	const what = "isolation"
	if os.Geteuid() == 0 {
		r.warn(what, "root runs this: a connector is root too, and may raise its limits and change any file: give the engine a user of its own")
	}
	if err := pluginhost.CgroupLimits(); err != nil {
		r.warn(what, "%v: a connector's processes are not counted, and its memory is bounded by what one process may map", err)
		return
	}
	r.ok(what, "the kernel can bound memory and processes of a connector, if the engine has a cgroup to itself (systemd: Delegate=yes); the registry shows what holds")
}
