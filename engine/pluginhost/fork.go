package pluginhost

import (
	"errors"
	"fmt"
	"os/exec"
)

// fork starts the process, inside its cgroup from its first instruction on
// where there is one.
func (r *childRunner) fork() error {
	r.cage = r.cages.make(r.limits)
	if !r.cage.into(r.cmd.SysProcAttr) {
		return r.launch.start(r.cmd)
	}
	outside := &exec.Cmd{
		Path: r.cmd.Path, Args: r.cmd.Args, Env: r.cmd.Env, Dir: r.cmd.Dir,
		Stdout: r.cmd.Stdout, Stderr: r.cmd.Stderr, SysProcAttr: ownGroup(),
	}
	err := r.launch.start(r.cmd)
	if err == nil {
		return nil
	}
	r.cage.leave(fmt.Sprintf("no process starts in it: %v", err))
	if errors.Is(err, errHostClosed) {
		return err
	}
	r.cmd = outside // an old kernel, or a container that forbids the call for it
	return r.launch.start(r.cmd)
}

// limit sets the limits of the process itself. It comes a moment after the
// start, when the connector has been told nothing yet, and again once it serves:
// a program that raises its limits when it begins, as Go's do, may have read
// them before, and as root it may.
func (r *childRunner) limit() {
	if err := limit(r.pid(), r.limits); err != nil && !r.hasExited() {
		r.sink.log.Warn("connector lacks limits", "error", err)
	}
}
