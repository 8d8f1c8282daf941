//go:build linux

package pluginhost_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
)

// What the registry says of a process is what the process finds itself in.
func TestTheIsolationInForceIsReadBack(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.Limits = pluginhost.Limits{MemoryMiB: 300, Files: 333, Processes: 200} })
	var inside struct {
		Core, Data, Files int64
		NoNewPrivs        string
		Leads             bool
	}
	out := b.invoke(t, "bad", "fences", `{}`)
	if err := json.Unmarshal(out.Result, &inside); err != nil {
		t.Fatalf("%v, %+v", err, out.Error)
	}
	i := b.status(t, "bad").Isolation
	if i == nil {
		t.Fatal("nothing is told of its isolation")
	}
	if inside.Core != 0 || inside.Data != (300+256)<<20 || inside.Files != 333 || inside.NoNewPrivs != "1" || !inside.Leads {
		t.Errorf("inside: %+v", inside)
	}
	if i.CoreBytes != inside.Core || i.DataBytes != inside.Data || i.OpenFiles != inside.Files || !i.NoNewPrivileges || !i.Group {
		t.Errorf("told %+v, inside %+v", i, inside)
	}
	if !i.Environment || !i.Folder || !i.ParentDeath {
		t.Errorf("%+v", i)
	}
	if i.Cgroup == "" {
		t.Logf("no cgroup: %s", i.NoCgroup)
		if i.NoCgroup == "" || i.MemoryBytes != pluginhost.Unlimited || i.Processes != pluginhost.Unlimited {
			t.Errorf("without a cgroup, and without a reason: %+v", i)
		}
	} else if i.MemoryBytes != 300<<20 || i.Processes != 200 {
		t.Errorf("limits of the cgroup: %+v", i)
	}
}

// A limit that the system does not give that high is shown as it is.
func TestALimitThatCannotBeGivenIsNotClaimed(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.Limits.Files = 1 << 30 })
	if i := b.status(t, "bad").Isolation; i.OpenFiles >= 1<<30 || i.OpenFiles <= 0 {
		t.Errorf("open files: %d", i.OpenFiles)
	}
}

// Who can put another program in the place of the installed one is told.
func TestInstalledFilesThatTheEngineCanChangeAreTold(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil) // in a folder of this user
	if b.status(t, "bad").Isolation.FilesProtected {
		t.Error("files that this user has just written are said to be protected from it")
	}
}

func TestAConnectorThatEatsTooMuchMemoryIsNamedAndReplaced(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.Limits.MemoryMiB = 64 })
	inCgroup := b.status(t, "bad").Isolation.Cgroup != ""
	wantClass(t, b.invoke(t, "bad", "eat_effect", `{"size":4096}`), domain.ClassUnknownOutcome, "connector_crashed")
	eventually(t, "it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
	want := "had no memory, it says, and ended with exit code 2 (it may map 320 MiB)"
	if inCgroup {
		want = "oom_killed: killed by the kernel: out of memory (limit 64 MiB)"
	}
	if s := b.status(t, "bad"); s.Restarts != 1 || !strings.Contains(s.LastExit, want) {
		t.Errorf("restarts %d, last exit %q, want %q", s.Restarts, s.LastExit, want)
	}
	if !inCgroup {
		t.Skip("SKIPPED, NOT PROVED on this machine: the kernel's kill, for which the engine needs a cgroup v2 of its own")
	}
}

func TestWhatAConnectorForkedEndsWithIt(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	var answer struct {
		Pids    []int
		Refused string
	}
	out := b.invoke(t, "bad", "fork", `{"size":30}`)
	if err := json.Unmarshal(out.Result, &answer); err != nil || len(answer.Pids) != 30 {
		t.Fatalf("%v, %s", err, out.Result)
	}
	wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	within(t, 15*time.Second, "all that it forked is gone", func() bool {
		for _, pid := range answer.Pids {
			if alive(pid) {
				return false
			}
		}
		return true
	})
}
