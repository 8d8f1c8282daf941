package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a redis-server process of one test.
type RedisServer struct {
	// URL is the address in the form of the engine's settings.
	URL string
	// Port is the loopback port.
	Port int

	t    testing.TB
	bin  string
	conf string // a configuration file, only for a sentinel
	args []string
	dir  string

	mu  sync.Mutex
	cmd *exec.Cmd
}

// Redis starts redis-server from PATH on a free loopback port and waits until
// it answers. It keeps nothing on disk unless an argument says so, e.g.
// "--appendonly yes --appendfsync always" as separate words. The process ends
// with the test, and with the test's process.
//
// Without redis-server the test is skipped, or fails where CI is "true".
func Redis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	s := &RedisServer{t: t, bin: program(t, "redis-server"), args: args, dir: t.TempDir(), Port: freePort(t)}
	s.URL = "redis://127.0.0.1:" + strconv.Itoa(s.Port)
	s.start()
	t.Cleanup(s.Kill)
	return s
}

// Sentinel starts a Redis Sentinel of quorum one that watches the master on a
// loopback port under the name "mymaster", and acts within a second.
func Sentinel(t testing.TB, master int) *RedisServer {
	t.Helper()
	s := &RedisServer{t: t, bin: program(t, "redis-server"), args: []string{"--sentinel"}, dir: t.TempDir(), Port: freePort(t)}
	s.URL = "redis://127.0.0.1:" + strconv.Itoa(s.Port)
	s.conf = filepath.Join(s.dir, "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor mymaster 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds mymaster 300\nsentinel failover-timeout mymaster 2000\n", master)
	if err := os.WriteFile(s.conf, []byte(text), 0o600); err != nil {
		t.Fatalf("write sentinel settings: %v", err)
	}
	s.start()
	t.Cleanup(s.Kill)
	return s
}

// program finds a server's program.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not in PATH: install it, CI must run these tests", name)
	default:
		t.Skipf("SKIPPED: %s is not in PATH: install it to run this test", name)
	}
	return ""
}

// freePort asks the system for a port. Somebody else may take it before the
// server does: start then fails loudly.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *RedisServer) start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = exec.Command(s.bin, s.arguments()...)
	s.cmd.SysProcAttr = endWithParent()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	if err := s.await(10 * time.Second); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
		s.t.Fatalf("redis-server does not answer: %v\n%s", err, log)
	}
}

func (s *RedisServer) arguments() []string {
	args := []string{
		"--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--logfile", filepath.Join(s.dir, "redis.log"),
	}
	if s.conf != "" {
		args = append([]string{s.conf}, args...)
	} else {
		args = append(args, "--save", "")
	}
	return append(args, s.args...)
}

// await asks until the server answers.
func (s *RedisServer) await(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + strconv.Itoa(s.Port), MaxRetries: -1})
	defer func() { _ = c.Close() }()
	for {
		err := c.Ping(ctx).Err()
		if answered(err) || ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// answered counts a refusal (no password, a sentinel, ...) as an answer too.
func answered(err error) bool {
	var refusal redis.Error
	return err == nil || errors.As(err, &refusal) && !strings.HasPrefix(refusal.Error(), "LOADING")
}

// Kill ends the server with SIGKILL and returns when it is gone.
func (s *RedisServer) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Restart kills the server if it runs and starts it on the same port. With
// wipe it comes back empty, else with what it kept on disk.
func (s *RedisServer) Restart(wipe bool) {
	s.t.Helper()
	s.Kill()
	if wipe {
		s.empty()
	}
	s.start()
}

func (s *RedisServer) empty() {
	s.t.Helper()
	names, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatalf("wipe redis: %v", err)
	}
	for _, n := range names {
		if err := os.RemoveAll(filepath.Join(s.dir, n.Name())); err != nil {
			s.t.Fatalf("wipe redis: %v", err)
		}
	}
}

// Pause stops the process: it keeps its connections and answers nothing.
func (s *RedisServer) Pause() { s.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (s *RedisServer) Resume() { s.signal(syscall.SIGCONT) }

func (s *RedisServer) signal(sig syscall.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		s.t.Fatal("signal redis-server: it does not run")
	}
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(fmt.Errorf("signal redis-server: %w", err))
	}
}
