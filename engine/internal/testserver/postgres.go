// Package testserver starts real PostgreSQL and Redis servers for tests. They end
// with the test, or with the test's process however it ends.
package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startDeadline is how long a server may take until it answers.
const startDeadline = 60 * time.Second

// errNoPostgres says that the machine has no PostgreSQL.
var errNoPostgres = errors.New("no initdb and postgres in PATH or /usr/lib/postgresql/*/bin: install PostgreSQL")

// shared is the cluster of this test process, started by the first who asks
// and ended with it by the keeper. Two databases in it share
// nothing but memory.
var shared = sync.OnceValues(func() (*PostgresCluster, error) {
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	return c, c.start()
})

var databases atomic.Int64

// Postgres gives the URL of a fresh, empty database, dropped when t ends. The
// server is real and lives as long as the test process, without fsync. Where
// there is no PostgreSQL the test is skipped, and fails when CI=true.
func Postgres(t testing.TB) string {
	t.Helper()
	c, err := shared()
	if err != nil {
		missing(t, err)
	}
	return c.Database(t)
}

// PostgresServer gives a server of t's own, which may be killed.
func PostgresServer(t testing.TB) *PostgresCluster {
	t.Helper()
	c, err := newCluster()
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() {
		c.Kill()
		_ = os.RemoveAll(c.dir)
	})
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func missing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, NOT PROVED: %v", err)
	}
	t.Fatalf("test PostgreSQL: %v", err)
}

// PostgresCluster is a running PostgreSQL of its own.
type PostgresCluster struct {
	bin, dir string
	as       *syscall.Credential
	shell    *exec.Cmd
	alive    io.WriteCloser // the keeper's standard input
}

// newCluster makes the data directory, as a user that PostgreSQL accepts: it
// refuses root.
func newCluster() (*PostgresCluster, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "afara-pg-")
	if err != nil {
		return nil, err
	}
	c := &PostgresCluster{bin: bin, dir: dir}
	if err := c.initialise(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

func (c *PostgresCluster) initialise() error {
	if os.Getuid() == 0 {
		as, err := unprivileged()
		if err != nil {
			return err
		}
		if err := os.Chown(c.dir, int(as.Uid), int(as.Gid)); err != nil {
			return err
		}
		c.as = as
	}
	cmd := c.command(filepath.Join(c.bin, "initdb"), "--pgdata", c.data(), "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (c *PostgresCluster) data() string { return filepath.Join(c.dir, "data") }

func (c *PostgresCluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	return cmd
}

// keeper runs the server until its standard input ends, which the kernel sees
// to when the test process ends in whatever way; then it stops the server and
// removes its files. Told to keep them, it only waits for the server's end.
const keeper = `trap '' INT TERM HUP
"$@" </dev/null >>server.log 2>&1 & p=$!
read -r order
[ "$order" = keep ] || kill -QUIT $p
wait $p
[ "$order" = keep ] || rm -rf "$PWD"`

// start runs the server on a Unix socket only: no port that another test could
// take first, and nothing beyond this machine.
func (c *PostgresCluster) start() error {
	c.shell = c.command("/bin/sh", "-c", keeper, "keeper", filepath.Join(c.bin, "postgres"), "-D", c.data(),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+c.dir, "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "autovacuum=off")
	var err error
	if c.alive, err = c.shell.StdinPipe(); err != nil {
		return err
	}
	if err := c.shell.Start(); err != nil {
		return err
	}
	return c.awaitReady()
}

func (c *PostgresCluster) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startDeadline)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(c.dir, "server.log"))
			return fmt.Errorf("server does not answer: %w: %s", err, log)
		}
	}
}

// URL is the address of a database of the server.
func (c *PostgresCluster) URL(database string) string {
	return "postgres://postgres@/" + database + "?host=" + url.QueryEscape(c.dir)
}

// Database makes an empty database, dropped when t ends if the server still
// runs then.
func (c *PostgresCluster) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := c.exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("test PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startDeadline)
		defer cancel()
		_ = c.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	})
	return c.URL(name)
}

func (c *PostgresCluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, sql)
	return err
}

// Kill ends the server and all its processes at once, as SIGKILL does: nothing
// is flushed, no client is told. Doing it again does nothing.
func (c *PostgresCluster) Kill() {
	if c.shell == nil {
		return
	}
	if pid := c.pid(); pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it starts no more children
		children := childrenOf(pid)
		for _, child := range children {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		awaitGone(children)
	}
	_, _ = io.WriteString(c.alive, "keep\n")
	_ = c.shell.Wait()
	c.shell = nil
}

// Restart starts the killed server again and waits until it has recovered.
func (c *PostgresCluster) Restart(t testing.TB) {
	t.Helper()
	c.Kill()
	if err := c.start(); err != nil {
		t.Fatalf("test PostgreSQL: %v", err)
	}
}

// pid is the server's main process, 0 when it never ran.
func (c *PostgresCluster) pid() int {
	raw, _ := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return pid
}

// awaitGone waits until the processes hold nothing any more: a new server
// refuses to start beside the old one's memory.
func awaitGone(pids []int) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range pids {
		for alive(pid) {
			<-tick.C
		}
	}
}

// alive reports whether the process still runs; a zombie does not.
func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

func childrenOf(pid int) []int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var children []int
	for _, f := range strings.Fields(string(raw)) {
		if child, err := strconv.Atoi(f); err == nil {
			children = append(children, child)
		}
	}
	return children
}

func postgresBin() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// A link in PATH: the server looks for its files beside its true name.
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			initdb = real
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(initdb), "postgres")); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", errNoPostgres
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("root may not run PostgreSQL, and there is no user postgres or nobody")
}
