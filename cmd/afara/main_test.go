package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// folder is where TestMain wants the programs; bin builds them there, as `make
// build` lays them out, when the first test asks.
var (
	folder string
	bin    = sync.OnceValues(func() (string, error) { return folder, build(folder) })
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "afara-bin")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		folder = dir
		return m.Run()
	}())
}

func build(dir string) error {
	steps := [][]string{{"build", "-o", dir + "/", "../afara", "../sandbox"}}
	mains, err := filepath.Glob("../../plugins/*/main.go")
	if err != nil {
		return err
	}
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		into := filepath.Join(dir, "plugins", name)
		if err := os.MkdirAll(into, 0o755); err != nil {
			return err
		}
		manifest, err := os.ReadFile("../../plugins/" + name + "/manifest.json")
		if err == nil {
			err = os.WriteFile(filepath.Join(into, "manifest.json"), manifest, 0o644)
		}
		if err != nil {
			return err
		}
		steps = append(steps, []string{"build", "-o", filepath.Join(into, name), "../../plugins/" + name})
	}
	for _, args := range steps {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// answer is what a finished command said.
type answer struct {
	out, err string
	code     int
}

// afara runs a command to its end, with nothing of the test's environment that
// could be a setting.
func afara(t *testing.T, args ...string) answer {
	t.Helper()
	return afaraWith(t, nil, args...)
}

func afaraWith(t *testing.T, env []string, args ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "afara"), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &errs, t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{out: strings.TrimSpace(out.String()), err: errs.String(), code: cmd.ProcessState.ExitCode()}
}

// want fails unless the command succeeded; it answers what it printed.
func (a answer) want(t *testing.T) string {
	t.Helper()
	if a.code != 0 {
		t.Fatalf("exit code %d\n%s%s", a.code, a.out, a.err)
	}
	return a.out
}

// process is a running program whose lines can be waited for.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan struct{}
	err   error

	mu    sync.Mutex
	lines []string
	more  chan struct{} // gets a token when lines were added
}

// start runs a program until the test ends; both its outputs are its lines.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program(t, name), args...), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	go p.read(read)
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s %s:\n%s", name, args, strings.Join(p.seen(), "\n"))
		}
	})
	return p
}

func (p *process) read(r io.ReadCloser) {
	defer r.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

func (p *process) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}

// line waits for a line that holds all the words.
func (p *process) line(words ...string) string {
	p.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		for _, line := range p.seen() {
			if holds(line, words) {
				return line
			}
		}
		select {
		case <-p.more:
		case <-p.ended:
			p.t.Fatalf("ended (%v) before a line with %q:\n%s", p.err, words, strings.Join(p.seen(), "\n"))
		case <-limit.C:
			p.t.Fatalf("no line with %q:\n%s", words, strings.Join(p.seen(), "\n"))
		}
	}
}

func holds(line string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(line, w) {
			return false
		}
	}
	return true
}

// interrupt asks for an orderly end and waits for it.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.t.Fatal("did not end within 20 s of its interrupt")
	}
	if p.err != nil {
		p.t.Errorf("after an interrupt: %v", p.err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit, tick := time.NewTimer(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !condition() {
		select {
		case <-limit.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
