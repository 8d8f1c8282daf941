package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/tenant"
)

// demo is the demonstration's tenant. It is made once; a restart finds it.
type demo struct {
	engine      *engine.Engine
	keyring     *secret.Keyring
	path        string
	environment domain.EnvironmentID
	public      string // where vendors push to
	kept        demoState
}

// demoState is what a restart needs and the database does not show again. It
// is kept sealed under the master key, in a file of mode 0600.
type demoState struct {
	Key string `json:"key"`
	// Settings is the digest of the connection's settings.
	Settings string `json:"settings"`
	// Receiver is where callbacks of earlier runs still go.
	Receiver string `json:"receiver"`
}

const (
	demoName  = "Afara Demo"
	demoFile  = "demo.sealed"
	demoPlace = "afara-dev/demo"
	demoTIN   = "11112222-0001"
)

// openDemo finds the demonstration's organisation, environment, key,
// connections and all that payments need, and makes what is missing.
func openDemo(ctx context.Context, e *engine.Engine, s *config.Config, sandbox string) (*demo, error) {
	keyring, err := engine.Keyring(s)
	if err != nil {
		return nil, err
	}
	d := &demo{engine: e, keyring: keyring, path: filepath.Join(s.DataDir, demoFile), public: s.PublicURL}
	for _, step := range []func(context.Context) error{
		d.load, d.openEnvironment, d.openKey,
		func(ctx context.Context) error { return d.connect(ctx, sandbox) },
		func(ctx context.Context) error { return d.openPayments(ctx, sandbox) },
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("prepare the demonstration: %w", err)
		}
	}
	return d, d.save()
}

func (d *demo) load(context.Context) error {
	sealed, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	plain, err := d.keyring.Open(string(sealed), demoPlace)
	if err != nil {
		return fmt.Errorf("%s: %w: remove the file, and a new key is made", d.path, err)
	}
	return json.Unmarshal(plain, &d.kept)
}

// save replaces the file as a whole.
func (d *demo) save() error {
	plain, err := json.Marshal(d.kept)
	if err != nil {
		return err
	}
	sealed, err := d.keyring.Seal(plain, demoPlace)
	if err != nil {
		return err
	}
	part := d.path + ".part"
	if err := os.WriteFile(part, []byte(sealed), 0o600); err != nil {
		return err
	}
	return os.Rename(part, d.path)
}

// openEnvironment finds or makes the sandbox environment, whose callbacks may
// go to this machine by plain http.
func (d *demo) openEnvironment(ctx context.Context) error {
	org, err := d.organisation(ctx)
	if err != nil {
		return err
	}
	environments, err := d.engine.Tenants.Environments(ctx, org)
	if err != nil {
		return err
	}
	for _, env := range environments {
		if env.Kind == domain.Sandbox && env.AllowLoopback {
			d.environment = env.ID
			return nil
		}
	}
	env, err := d.engine.Tenants.CreateEnvironment(ctx, tenant.NewEnvironment{
		Organisation: org, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	d.environment = env.ID
	return err
}

func (d *demo) organisation(ctx context.Context) (domain.OrganisationID, error) {
	all, err := d.engine.Tenants.Organisations(ctx)
	if err != nil {
		return "", err
	}
	for _, o := range all {
		if o.Name == demoName {
			return o.ID, nil
		}
	}
	o, err := d.engine.Tenants.CreateOrganisation(ctx, demoName)
	return o.ID, err
}

// openKey keeps the key of the last run while it works.
func (d *demo) openKey(ctx context.Context) error {
	p, err := d.engine.Tenants.Authenticate(ctx, d.kept.Key)
	if err == nil && p.Environment.ID == d.environment {
		return nil
	}
	if err != nil && !errors.Is(err, tenant.ErrUnauthenticated) {
		return err
	}
	scopes := []domain.Scope{domain.ScopeRead, domain.ScopeWrite, domain.ScopeOps}
	d.kept.Key, _, err = d.engine.Tenants.CreateKey(ctx, d.environment, scopes, "afara dev")
	return err
}

// connect provisions a taxpayer at the simulated authority and puts the
// connection to it, when it is new or has changed.
func (d *demo) connect(ctx context.Context, sandbox string) error {
	settings, err := provision(ctx, sandbox+"/firs")
	if err != nil {
		return err
	}
	digest := sha256.Sum256(settings)
	connections, err := d.engine.Registry.List(ctx, d.environment)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(connections, func(c registry.Connection) bool { return c.Connector == "firs" })
	if known && d.kept.Settings == hex.EncodeToString(digest[:]) {
		return nil
	}
	_, err = d.engine.Registry.Put(ctx, registry.NewConnection{
		Environment: d.environment, Kind: domain.Sandbox, Connector: "firs", Settings: settings, Enabled: true,
	})
	d.kept.Settings = hex.EncodeToString(digest[:])
	return err
}

// provision makes a taxpayer through the simulator's control API and answers
// the settings of a connection for it.
func provision(ctx context.Context, firs string) (json.RawMessage, error) {
	asked := fmt.Sprintf(`{"name":"Iroko Trading Ltd","tin":%q,"email":"accounts@iroko.example"}`, demoTIN)
	body, err := control(ctx, http.MethodPost, firs+"/_control/businesses", []byte(asked))
	if err != nil {
		return nil, fmt.Errorf("provision a taxpayer at the sandbox: %w", err)
	}
	return firsSettings(firs, body)
}

// control asks the control API of a stand-in.
func control(ctx context.Context, method, url string, asked []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(asked))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	return body, nil
}

// firsSettings turns a provisioned taxpayer into a connection's settings.
func firsSettings(firs string, business []byte) (json.RawMessage, error) {
	var b struct {
		BusinessID, ServiceID, Name, TIN, Email, APIKey, APISecret, PublicKey, Certificate string
	}
	if err := json.Unmarshal(business, &b); err != nil {
		return nil, fmt.Errorf("taxpayer of the sandbox: %w", err)
	}
	return json.Marshal(map[string]any{
		"baseUrl": firs, "apiKey": b.APIKey, "apiSecret": b.APISecret, "businessId": b.BusinessID, "serviceId": b.ServiceID,
		"publicKey": b.PublicKey, "certificate": b.Certificate,
		"supplier": map[string]any{
			"party_name": b.Name, "tin": b.TIN, "email": b.Email,
			"postal_address": map[string]string{"street_name": "1 Marina", "city_name": "Lagos", "country": "NG"},
		},
	})
}
