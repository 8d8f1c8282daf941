package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// devour takes what a connector should not take: memory, or processes.
func devour(verb string, size int) (*connectorpb.InvokeResponse, error) {
	if verb == "eat" {
		return eat(size)
	}
	return fork(size)
}

// eaten keeps what eat takes.
var eaten [][]byte

// eat takes so many MiB of memory and touches all of it.
func eat(size int) (*connectorpb.InvokeResponse, error) {
	for range size {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		eaten = append(eaten, b)
	}
	return result("{}")
}

// fork leaves so many processes behind, each in a session of its own and
// without a word of its environment, and answers their numbers, or how far it
// came.
func fork(size int) (*connectorpb.InvokeResponse, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	pids, refused := []int{}, ""
	for range size {
		cmd := &exec.Cmd{Path: self, Args: []string{self, "hold"}, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
		if err := cmd.Start(); err != nil {
			refused = err.Error()
			break
		}
		pids = append(pids, cmd.Process.Pid)
	}
	raw, err := json.Marshal(map[string]any{"pids": pids, "refused": refused})
	if err != nil {
		return nil, err
	}
	return result(string(raw))
}

// babble writes a line that never ends to standard output.
func babble() {
	part := bytes.Repeat([]byte("y"), 64<<10)
	for {
		if _, err := syscall.Write(1, part); err != nil {
			return
		}
	}
}

// fences answers what the process knows of what it is in.
func fences() (*connectorpb.InvokeResponse, error) {
	limits := map[string]uint64{}
	for name, resource := range map[string]int{"core": syscall.RLIMIT_CORE, "data": syscall.RLIMIT_DATA, "files": syscall.RLIMIT_NOFILE} {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(resource, &l); err != nil {
			return nil, err
		}
		limits[name] = l.Max
	}
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	_, after, _ := strings.Cut(string(raw), "NoNewPrivs:")
	privs, _, _ := strings.Cut(after, "\n")
	group, err := syscall.Getpgid(0)
	if err != nil {
		return nil, err
	}
	return result(fmt.Sprintf(`{"core":%d,"data":%d,"files":%d,"noNewPrivs":%q,"leads":%t}`,
		limits["core"], limits["data"], limits["files"], strings.TrimSpace(privs), group == os.Getpid()))
}
