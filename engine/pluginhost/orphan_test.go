package pluginhost_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

// hostVariable makes the test program a host of its own: it holds the folders
// of connectors and of the run, and the name of the connector to start.
const hostVariable = "AFARA_TEST_HOST"

// beHost starts one connector, prints its process number and calls it at each
// SIGTERM, until it is killed or its stdin ends.
func beHost() int {
	arg := strings.Split(os.Getenv(hostVariable), "|")
	h, err := pluginhost.New(pluginhost.Config{Dirs: []string{arg[0]}, RunDir: arg[1], Connections: &connections{}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	changed := h.Subscribe()
	h.Need(arg[2], domain.Sandbox)
	for !h.Ready(arg[2], domain.Sandbox) {
		<-changed
	}
	child := h.Invoke(context.Background(), call(arg[2], "child", `{}`))
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM)
	fmt.Println(h.Status()[0].PID, string(child.Result))
	for range terms {
		fmt.Println(h.Invoke(context.Background(), call(arg[2], "echo", `{}`)).Class)
	}
	return 0
}

// otherHost is a host in a process, and a process group, of its own.
type otherHost struct {
	cmd        *exec.Cmd
	lines      *bufio.Scanner
	plugin     int
	grandchild int
}

func startOtherHost(t *testing.T, runDir string) *otherHost {
	t.Helper()
	dir := t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hostVariable+"="+strings.Join([]string{dir, runDir, "bad"}, "|"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &otherHost{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(o.kill)
	pid, child, _ := strings.Cut(o.line(t), " ")
	var answer struct{ PID int }
	if o.plugin, err = strconv.Atoi(pid); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(child), &answer); err != nil {
		t.Fatal(err)
	}
	o.grandchild = answer.PID
	return o
}

func (o *otherHost) line(t *testing.T) string {
	t.Helper()
	if !o.lines.Scan() {
		t.Fatalf("the host said nothing: %v", o.lines.Err())
	}
	return o.lines.Text()
}

// kill gives the host no chance to clean up.
func (o *otherHost) kill() {
	_ = o.cmd.Process.Kill() // it may have ended
	_ = o.cmd.Wait()
}

// alive is false for a zombie too: it only waits to be reaped.
func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(raw), ") Z ")
}

func TestAKilledHostLeavesNoConnectorBehind(t *testing.T) {
	t.Parallel()
	run := filepath.Join(shortDir(t), "run")
	o := startOtherHost(t, run)
	if !alive(o.plugin) || !alive(o.grandchild) {
		t.Fatal("nothing to leave behind")
	}
	o.kill()
	within(t, 15*time.Second, "the connector ends with its host", func() bool { return !alive(o.plugin) })
	if !alive(o.grandchild) {
		t.Fatal("the grandchild has left its group and its session and should have survived so far")
	}
	// The next host on the same folder sweeps what was left.
	setup(t, t.TempDir(), func(c *pluginhost.Config) { c.RunDir = run })
	within(t, 15*time.Second, "the grandchild is swept", func() bool { return !alive(o.grandchild) })
	if hosts, _ := filepath.Glob(filepath.Join(run, "h-*")); len(hosts) != 1 {
		t.Errorf("folders of hosts: %v, want that of the living one", hosts)
	}
}

func TestHostsThatShareARunFolderLeaveEachOtherAlone(t *testing.T) {
	t.Parallel()
	run := filepath.Join(shortDir(t), "run")
	o := startOtherHost(t, run)
	setup(t, t.TempDir(), func(c *pluginhost.Config) { c.RunDir = run })
	if !alive(o.plugin) || !alive(o.grandchild) {
		t.Fatal("a second host swept the processes of a living one")
	}
	_ = syscall.Kill(o.grandchild, syscall.SIGKILL)
}

func TestASignalToTheHostsGroupPassesConnectorsBy(t *testing.T) {
	t.Parallel()
	o := startOtherHost(t, filepath.Join(shortDir(t), "run"))
	t.Cleanup(func() { _ = syscall.Kill(o.grandchild, syscall.SIGKILL) })
	if err := syscall.Kill(-o.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if class := o.line(t); class != "result" {
		t.Errorf("a call after SIGTERM to the group is %q", class)
	}
	if !alive(o.plugin) {
		t.Error("the connector died of a signal that was the host's")
	}
}
