package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/tenant"
)

// benchHost has the processes of a bench and the tenant that it posts as.
type benchHost struct {
	flags    *benchFlags
	dir      string
	url      string // of the engine
	key      string
	children []*exec.Cmd
	pids     map[string]int
}

func newBenchHost(flags *benchFlags, dir string) *benchHost {
	return &benchHost{flags: flags, dir: dir, pids: map[string]int{}}
}

// settings are those of the engine's command line.
func (h *benchHost) settings(plugins string) ([]string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	h.url = "http://" + address
	database := h.flags.Database
	if database == "" {
		database = "sqlite:" + filepath.Join(h.dir, "afara.db")
	}
	args := []string{
		"--listen", address, "--data-dir", h.dir, "--database-url", database, "--plugin-dirs", plugins, "--log-level", "warn",
	}
	if h.flags.Redis != "" {
		args = append(args, "--redis-url", h.flags.Redis)
	}
	if h.flags.Pprof != "" {
		args = append(args, "--pprof", h.flags.Pprof)
	}
	if h.flags.Database != "" {
		args = append(args, "--master-key", "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmU=")
	}
	return args, nil
}

// provision makes an organisation, a sandbox environment that may call back to
// this machine, and a key, before the engine starts; more adds what the bench
// needs beside.
func (h *benchHost) provision(ctx context.Context, args []string, more func(*engine.Engine, tenant.Environment) error) error {
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
	if h.key, _, err = e.Tenants.CreateKey(ctx, env.ID, []domain.Scope{domain.ScopeWrite}, "bench"); err != nil {
		return err
	}
	return more(e, env)
}

// startEngine runs afara serve and waits until it is ready.
func (h *benchHost) startEngine(ctx context.Context, args []string) error {
	pid, err := h.start("afara", append([]string{"serve"}, args...)...)
	if err != nil {
		return err
	}
	h.pids["engine"] = pid
	if h.flags.RedisPID > 0 {
		h.pids["redis"] = h.flags.RedisPID
	}
	if err := waitHealthy(ctx, h.url+"/readyz"); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

// api calls the engine as the tenant.
func (h *benchHost) api() *apiClient {
	return &apiClient{base: h.url, key: secret.Mask(h.key), http: &http.Client{Timeout: apiTimeout}}
}

// register makes a webhook and answers its secret.
func (h *benchHost) register(ctx context.Context, webhook map[string]any) (string, error) {
	var made struct {
		Data struct {
			Secret string `json:"secret"`
		} `json:"data"`
	}
	if err := h.api().do(ctx, http.MethodPost, "/v1/webhooks", webhook, &made); err != nil {
		return "", fmt.Errorf("register a webhook: %w", err)
	}
	return made.Data.Secret, nil
}

// start runs a program that dies with this one.
func (h *benchHost) start(name string, args ...string) (int, error) {
	cmd := exec.Command(filepath.Join(h.flags.Bin, name), args...)
	log, err := os.Create(filepath.Join(h.dir, name+".log"))
	if err != nil {
		return 0, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w: build the programs first (make build)", name, err)
	}
	h.children = append(h.children, cmd)
	return cmd.Process.Pid, nil
}

// stop ends the children in the reverse order of their start and shows what
// they complained of.
func (h *benchHost) stop() {
	for i := len(h.children) - 1; i >= 0; i-- {
		c := h.children[i]
		_ = c.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = c.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = c.Process.Kill()
			<-done
		}
		showLog(filepath.Join(h.dir, filepath.Base(c.Path)+".log"))
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
