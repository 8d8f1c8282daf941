package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
	"github.com/afara-dev/afara/schemas"
)

// benchSystem is the system of bench invoices: sandbox, engine and the engine's
// connector as processes, with the receiver of callbacks in this one.
type benchSystem struct {
	*benchHost
	cmd      *benchInvoicesCmd
	sandbox  string // URL
	receiver *benchReceiver
}

func startBenchSystem(ctx context.Context, c *benchInvoicesCmd, dir string) (s *benchSystem, err error) {
	s = &benchSystem{benchHost: newBenchHost(&c.benchFlags, dir), cmd: c}
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
	settings, err := s.settings(filepath.Join(c.Bin, "plugins"))
	if err != nil {
		return s, err
	}
	err = s.provision(ctx, settings, func(e *engine.Engine, env tenant.Environment) error { return s.connect(ctx, e, env) })
	if err != nil {
		return s, fmt.Errorf("provision: %w", err)
	}
	if err := s.startEngine(ctx, settings); err != nil {
		return s, err
	}
	return s, s.waitConnector(ctx)
}

func (s *benchSystem) stop() {
	s.benchHost.stop()
	if s.receiver != nil {
		s.receiver.close()
	}
}

// startSandbox starts the stand-ins and has the authority's answer as asked.
func (s *benchSystem) startSandbox(ctx context.Context) (err error) {
	if s.sandbox, err = s.benchHost.startSandbox(ctx); err != nil {
		return err
	}
	return s.control(ctx, "PATCH", "/_control/settings", map[string]any{
		"duplicateGuard": true, "latencyMillis": s.cmd.Latency.Milliseconds(), "qrSample": 100,
	}, nil)
}

// connect makes the connection to the simulated authority.
func (s *benchSystem) connect(ctx context.Context, e *engine.Engine, env tenant.Environment) (err error) {
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

// load posts invoices; each has its number where marker stands in the template.
func (s *benchSystem) load() (*benchLoad, error) {
	var invoice map[string]any
	if err := json.Unmarshal(schemas.Sample(marker, time.Now().UTC().Format("2006-01-02")), &invoice); err != nil {
		return nil, err
	}
	invoice["callback_url"] = s.receiver.url
	template, err := json.Marshal(map[string]any{"invoice": invoice})
	if err != nil {
		return nil, err
	}
	l := newBenchLoad(s.benchHost, s.receiver.benchBook, "/si/invoices", "invoice")
	l.write = func(number string) ([]byte, []string) {
		return bytes.Replace(template, []byte(marker), []byte(number), 1), []string{number}
	}
	return l, nil
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
