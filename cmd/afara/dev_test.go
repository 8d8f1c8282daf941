package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// dev starts the demonstration on free ports and answers its curl line.
func dev(t *testing.T, data string) (p *process, curl string) {
	t.Helper()
	p = start(t, "afara", "dev", "--data-dir", data, "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0")
	return p, p.line("curl ", "/si/invoices")
}

// paste runs a printed line as a person's shell does.
func paste(t *testing.T, line, want string) {
	t.Helper()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("SKIPPED, NOT PROVED: %v", err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", line).CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v\n%s", err, out)
	}
}

var invoiceID = regexp.MustCompile(`inv_[0-9A-Z]{26}`)

func TestDevShowsEachStepOfAPastedInvoice(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p, curl := dev(t, data)
	paste(t, curl, `"status":"DRAFT"`)
	paste(t, curl, `"status":"DRAFT"`) // the same line again is a new invoice
	shown := map[string]bool{}
	eventually(t, "two callbacks with a verified signature", func() bool {
		for _, line := range p.seen() {
			if holds(line, []string{"callback", "invoice.signed", "signature verified", "IRN "}) {
				shown[invoiceID.FindString(line)] = true
			}
		}
		return len(shown) == 2
	})
	for id := range shown {
		at := 0
		for _, step := range []string{"accepted", "prepared", "validated", "signed", "callback"} {
			n := slices.IndexFunc(p.seen()[at:], func(line string) bool { return holds(line, []string{id, step, " ms"}) })
			if n < 0 {
				t.Fatalf("%s of %s is not shown in its turn", step, id)
			}
			at += n + 1
		}
	}
	for _, line := range p.seen() {
		if strings.Contains(line, "\x1b") {
			t.Errorf("colours without a terminal: %q", line)
		}
	}
	key := p.line("API key")
	p.interrupt()

	again, curl := dev(t, data)
	if got := again.line("API key"); got != key {
		t.Errorf("a restart shows %q, before %q", got, key)
	}
	paste(t, curl, `"status":"DRAFT"`)
	again.line("callback", "signature verified")
	again.interrupt()
}

func TestDevLeavesNoProcessBehindHoweverItEnds(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skipf("SKIPPED, NOT PROVED: no /proc: %v", err)
	}
	for name, end := range map[string]func(*process){
		"interrupted": (*process).interrupt,
		"killed": func(p *process) {
			if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				p.t.Fatal(err)
			}
			<-p.ended
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := dev(t, t.TempDir())
			var family []int
			eventually(t, "a sandbox and a connector run", func() bool {
				family = children(p.cmd.Process.Pid)
				return len(family) >= 2
			})
			end(p)
			eventually(t, fmt.Sprintf("processes %v have ended", family), func() bool {
				return !slices.ContainsFunc(family, alive)
			})
		})
	}
}

// children lists the processes that a process has started.
func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		var pid, ppid int
		if pid, _, ppid = stat(path); ppid == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

func alive(pid int) bool {
	got, state, _ := stat(fmt.Sprintf("/proc/%d/stat", pid))
	return got == pid && state != "Z"
}

// stat reads a process's line; its name may hold anything, so what follows is
// found from the end.
func stat(path string) (pid int, state string, ppid int) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, "", 0
	}
	text := string(raw)
	_, _ = fmt.Sscan(text, &pid)
	_, _ = fmt.Sscan(text[strings.LastIndexByte(text, ')')+1:], &state, &ppid)
	return pid, state, ppid
}

func TestAPortInUseIsSaidWithTheWayOut(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	for _, c := range []struct{ fix, listen, sandbox string }{
		{"AFARA_LISTEN", busy, "127.0.0.1:0"}, {"AFARA_SANDBOX_LISTEN", "127.0.0.1:0", busy},
	} {
		got := afara(t, "dev", "--data-dir", t.TempDir(), "--listen", c.listen, "--sandbox-listen", c.sandbox)
		if got.code != 1 || !holds(got.err, []string{busy, "in use", c.fix}) {
			t.Errorf("%d %s", got.code, got.err)
		}
	}
	got := afara(t, "serve", "--listen", busy, "--plugin-dirs", program(t, "plugins"))
	if got.code != 1 || !holds(got.err, []string{busy, "in use", "--listen"}) {
		t.Errorf("serve: %d %s", got.code, got.err)
	}
}

func TestDevWithoutItsSandboxSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	got := afara(t, "dev", "--data-dir", t.TempDir(), "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--sandbox", "/nowhere/sandbox")
	if got.code != 1 || !holds(got.err, []string{"/nowhere/sandbox", "make build", "--sandbox"}) {
		t.Errorf("%d %s", got.code, got.err)
	}
}
