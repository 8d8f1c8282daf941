package pluginhost

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tree is a folder that looks like a cgroup's, for what the files say and what
// is written to them; only the kernel's would do something about it.
type tree struct {
	*testing.T
	place
}

func newTree(t *testing.T, path, controllers, given, procs string) tree {
	t.Helper()
	p := tree{t, place{mount: t.TempDir(), path: path, pid: 42}}
	if err := os.MkdirAll(p.dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	p.file("cgroup.controllers", controllers)
	p.file("cgroup.subtree_control", given)
	p.file("cgroup.procs", procs)
	return p
}

func (p tree) file(name, text string) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir(), name), []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p tree) reads(path string) string {
	p.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir(), path))
	if err != nil {
		p.Fatal(err)
	}
	return string(raw)
}

func TestTheEnginesCgroupHandsMemoryAndProcessesOn(t *testing.T) {
	t.Parallel()
	p := newTree(t, "/", "cpu memory pids\n", "cpu\n", "42\n")
	base, err := p.prepare()
	if err != nil || base != p.dir() || p.reads("cgroup.subtree_control") != "+memory +pids" {
		t.Errorf("%s, %v, wrote %q", base, err, p.reads("cgroup.subtree_control"))
	}
	// What is handed on already is left alone; and from its leaf the engine looks
	// one up.
	p = newTree(t, "/", "memory pids\n", "memory pids\n", "")
	leaf := place{mount: p.mount, path: "/" + engineLeaf, pid: 42}
	if base, err := leaf.prepare(); err != nil || base != p.dir() || p.reads("cgroup.subtree_control") != "memory pids\n" {
		t.Errorf("%s, %v", base, err)
	}
}

func TestTheEngineMovesOneDownUnlessItIsNotAlone(t *testing.T) {
	t.Parallel()
	p := newTree(t, "/", "memory", "", "42\n")
	if err := p.moveToLeaf(); err != nil || p.reads(engineLeaf+"/cgroup.procs") != "42" {
		t.Errorf("%v", err)
	}
	p = newTree(t, "/", "memory", "", "42\n77\n")
	if err := p.moveToLeaf(); err == nil || !strings.Contains(err.Error(), "other processes share") {
		t.Errorf("%v", err)
	}
}

func TestWhyThereAreNoCgroupsIsSaid(t *testing.T) {
	t.Parallel()
	if _, err := newTree(t, "/", "hugetlb cpu\n", "", "").prepare(); err == nil || !strings.Contains(err.Error(), "neither memory nor pids") {
		t.Errorf("%v", err)
	}
	if os.Geteuid() == 0 {
		if _, err := newTree(t, "/system.slice/x.service", "memory\n", "", "42\n").prepare(); err == nil || !strings.Contains(err.Error(), "not delegated") {
			t.Errorf("%v", err)
		}
	}
	c := &cages{own: func() (place, error) { return place{}, errNoCgroup2 }}
	if k := c.make(Limits{}); k.path != "" || k.why != errNoCgroup2.Error() {
		t.Errorf("%+v", k)
	}
}

func TestACageHasItsLimits(t *testing.T) {
	t.Parallel()
	p := newTree(t, "/", "memory pids", "memory pids", "")
	k, err := newCage(p.dir(), Limits{MemoryMiB: 256, Processes: 99})
	if err != nil {
		t.Fatal(err)
	}
	defer k.dir.Close()
	if k.limit("memory.max") != 256<<20 || k.limit("memory.swap.max") != 0 || k.limit("memory.oom.group") != 1 || k.limit("pids.max") != 99 {
		t.Errorf("%v", k)
	}
	for events, want := range map[string]exit{
		"oom 0\noom_kill 0\n": {}, "oom 1\noom_kill 2\n": {oom: true, limit: 256 << 20}, "oom 0\noom_kill 1\n": {oom: true},
	} {
		if err := k.write("memory.events", events); err != nil {
			t.Fatal(err)
		}
		if killed, limit := k.oom(); killed != want.oom || limit != want.limit {
			t.Errorf("%q: %t, %d", events, killed, limit)
		}
	}
	if err := k.write("memory.max", "max\n"); err != nil || k.limit("memory.max") != Unlimited {
		t.Error("no limit is taken for one")
	}
}

func TestTheMountOfCgroupsIsFound(t *testing.T) {
	t.Parallel()
	const both = `31 24 0:27 / /sys/fs/cgroup ro,nosuid shared:4 - tmpfs tmpfs ro
32 31 0:28 /docker/abc /sys/fs/cgroup/unified rw,nosuid shared:5 - cgroup2 cgroup2 rw
33 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
`
	if mount, root, ok := cgroup2Mount(both); !ok || mount != "/sys/fs/cgroup/unified" || root != "/docker/abc" {
		t.Errorf("%s %s %t", mount, root, ok)
	}
	if _, _, ok := cgroup2Mount("33 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"); ok {
		t.Error("version 1 is taken for version 2")
	}
}

// realPlace is where this machine lets the test make cgroups, with or without
// controllers.
func realPlace(t *testing.T) string {
	t.Helper()
	own, err := ownPlace()
	if err != nil {
		t.Skipf("SKIPPED, NOT PROVED on this machine: no cgroup can be made: %v", err)
	}
	dir := own.dir()
	probe, err := os.MkdirTemp(dir, "afara-test-")
	if err != nil {
		t.Skipf("SKIPPED, NOT PROVED on this machine: no cgroup can be made: %v", err)
	}
	if err := unix.Rmdir(probe); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The kernel's own cgroups: a process begins in its cage, what it leaves behind
// ends with the cage, and the cages of an engine that is gone are swept.
func TestAProcessBeginsInItsCageAndNothingOutlivesIt(t *testing.T) {
	t.Parallel()
	base := realPlace(t)
	k, err := newCage(base, Limits{MemoryMiB: 64, Processes: 50})
	if err != nil {
		t.Fatal(err)
	}
	l := newLauncher()
	defer l.close()
	cmd := &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 600 & read never"}, SysProcAttr: ownGroup()}
	stdin, err := cmd.StdinPipe() // open for as long as the test wants
	if err != nil || !k.into(cmd.SysProcAttr) {
		t.Fatalf("%v", err)
	}
	if err := l.start(cmd); err != nil {
		_ = k.remove()
		t.Skipf("SKIPPED, NOT PROVED on this machine: no process can be started in a cgroup: %v", err)
	}
	if at, err := cgroupOf(strconv.Itoa(cmd.Process.Pid)); err != nil || filepath.Base(at) != filepath.Base(k.path) {
		t.Errorf("it is in %s, %v", at, err)
	}
	if privs := procField(cmd.Process.Pid, "NoNewPrivs"); privs != "1" {
		t.Errorf("NoNewPrivs %q", privs)
	}
	sweepCages(base) // this engine lives
	if _, err := os.Stat(k.path); err != nil {
		t.Fatalf("a living engine's cage was swept: %v", err)
	}
	if err := k.remove(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	_ = stdin.Close()
	if _, err := os.Stat(k.path); !os.IsNotExist(err) {
		t.Errorf("the cage is still there: %v", err)
	}
	gone := filepath.Join(base, cagePrefix+strconv.Itoa(os.Getpid())+"-1-left")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	sweepCages(base)
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("the cage of an engine that is gone is still there: %v", err)
	}
}
