package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"log/slog"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
)

// benchSystem is the system under load: two child processes and the engine's
// connector, with the receiver of callbacks in this one.
type benchSystem struct {
	cmd      *benchInvoicesCmd
	dir      string
	url      string // of the engine
	key      string
	sandbox  string // URL
	children []*exec.Cmd
	receiver *benchReceiver
	pids     map[string]int
}

func startBenchSystem(ctx context.Context, c *benchInvoicesCmd, dir string) (s *benchSystem, err error) {
	s = &benchSystem{cmd: c, dir: dir, pids: map[string]int{}}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if err := s.startSandbox(ctx); err != nil {
		return s, err
	}
	s.receiver, err = newBenchReceiver(s.sandbox)
	if err != nil {
		return s, err
	}
	settings, err := s.settings()
	if err != nil {
		return s, err
	}
	if err := s.provision(ctx, settings); err != nil {
		return s, fmt.Errorf("provision: %w", err)
	}
	return s, s.startEngine(ctx, settings)
}

func (s *benchSystem) startSandbox(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	s.sandbox = "http://" + address
	pid, err := s.start("sandbox", "--listen", address, "--data", filepath.Join(s.dir, "sandbox"))
	if err != nil {
		return err
	}
	s.pids["sandbox"] = pid
	if err := waitHealthy(ctx, s.sandbox+"/healthz"); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return s.control(ctx, "PATCH", "/_control/settings", map[string]any{
		"duplicateGuard": true, "latencyMillis": s.cmd.Latency.Milliseconds(), "qrSample": 100,
	}, nil)
}

// settings are those of the engine's command line.
func (s *benchSystem) settings() ([]string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s.url = "http://" + address
	database := s.cmd.Database
	if database == "" {
		database = "sqlite:" + filepath.Join(s.dir, "afara.db")
	}
	args := []string{
		"--listen", address, "--data-dir", s.dir, "--database-url", database, "--plugin-dirs", filepath.Join(s.cmd.Bin, "plugins"), "--log-level", "warn",
	}
	if s.cmd.Redis != "" {
		args = append(args, "--redis-url", s.cmd.Redis)
	}
	if s.cmd.Pprof != "" {
		args = append(args, "--pprof", s.cmd.Pprof)
	}
	if s.cmd.Database != "" {
		args = append(args, "--master-key", "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmU=")
	}
	return args, nil
}

// provision makes an organisation, a sandbox environment, a key and the
// connection to the simulated authority, before the engine starts.
func (s *benchSystem) provision(ctx context.Context, args []string) error {
	settings, err := config.Load(args, os.LookupEnv)
	if err != nil {
		return err
	}
	e, err := engine.New(ctx, engine.Config{Settings: settings, Log: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		return err
	}
	defer e.Close()
	org, err := e.Tenants.CreateOrganisation(ctx, "Bench "+domain.NewID[string](""))
	if err != nil {
		return err
	}
	env, err := e.Tenants.CreateEnvironment(ctx, tenant.NewEnvironment{
		Organisation: org.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	if err != nil {
		return err
	}
	if s.key, _, err = e.Tenants.CreateKey(ctx, env.ID, []domain.Scope{domain.ScopeWrite}, "bench"); err != nil {
		return err
	}
	if s.receiver.secrets, err = e.Tenants.SigningSecrets(ctx, env.ID); err != nil {
		return err
	}
	var business map[string]any
	err = s.control(ctx, "POST", "/_control/businesses", map[string]any{"name": "Bench Ltd", "tin": "10000000-0001", "email": "bench@example.com"}, &business)
	if err != nil {
		return err
	}
	connection, err := json.Marshal(map[string]any{
		"baseUrl": s.sandbox + "/firs", "apiKey": business["apiKey"], "apiSecret": business["apiSecret"], "businessId": business["businessId"],
		"serviceId": business["serviceId"], "publicKey": business["publicKey"], "certificate": business["certificate"],
		"supplier": map[string]any{"party_name": business["name"], "tin": business["tin"], "email": business["email"]},
	})
	if err != nil {
		return err
	}
	_, err = e.Registry.Put(ctx, registry.NewConnection{
		Environment: env.ID, Kind: domain.Sandbox, Connector: "firs", Settings: connection, Enabled: true,
	})
	return err
}

func (s *benchSystem) startEngine(ctx context.Context, args []string) error {
	pid, err := s.start("afara", append([]string{"serve"}, args...)...)
	if err != nil {
		return err
	}
	s.pids["engine"] = pid
	if s.cmd.RedisPID > 0 {
		s.pids["redis"] = s.cmd.RedisPID
	}
	if err := waitHealthy(ctx, s.url+"/readyz"); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return s.waitConnector(ctx, pid)
}

// waitConnector waits until the engine has its connector's process.
func (s *benchSystem) waitConnector(ctx context.Context, engine int) error {
	for range 200 {
		if children := childrenOf(engine); len(children) > 0 {
			s.pids["connector"] = children[0]
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("the engine started no connector")
}

// start runs a program that dies with this one.
func (s *benchSystem) start(name string, args ...string) (int, error) {
	cmd := exec.Command(filepath.Join(s.cmd.Bin, name), args...)
	log, err := os.Create(filepath.Join(s.dir, name+".log"))
	if err != nil {
		return 0, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w: build the programs first (make build)", name, err)
	}
	s.children = append(s.children, cmd)
	return cmd.Process.Pid, nil
}

// stop ends the children in the reverse order of their start and shows what
// they complained of.
func (s *benchSystem) stop() {
	for i := len(s.children) - 1; i >= 0; i-- {
		c := s.children[i]
		_ = c.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = c.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = c.Process.Kill()
			<-done
		}
		showLog(filepath.Join(s.dir, filepath.Base(c.Path)+".log"))
	}
	if s.receiver != nil {
		s.receiver.close()
	}
}

func showLog(path string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 0; lines.Scan() && n < 20; {
		if text := lines.Text(); strings.Contains(text, "level=WARN") || strings.Contains(text, "level=ERROR") {
			fmt.Fprintln(os.Stderr, filepath.Base(path)+":", text)
			n++
		}
	}
}

func (s *benchSystem) control(ctx context.Context, method, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.sandbox+"/firs"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

func waitHealthy(ctx context.Context, url string) error {
	var last error
	for range 200 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s: %s", url, resp.Status)
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return last
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
