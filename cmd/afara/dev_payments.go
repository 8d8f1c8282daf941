package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
)

const demoStore = "demo"

// demoCountries are those whose payments the demonstration sends to MTN's
// stand-in. A connection is for one country.
func demoCountries() []string { return []string{"CI", "BJ", "RW"} }

// demoClient is a SIM with money on it.
type demoClient struct {
	Operator string `json:"operator"`
	Number   string `json:"number"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Name     string `json:"name"`
	Balance  int64  `json:"balance"`
}

func demoClients() []demoClient {
	return []demoClient{
		{"mtn", "+2250501234567", "CI", "XOF", "Awa Kouassi", 500_000},
		{"mtn", "+250788123456", "RW", "RWF", "Eric Mugisha", 500_000},
	}
}

// openPayments finds or makes what a payment needs: connections to MTN's
// stand-in, corridors, a store and two SIMs that can pay.
func (d *demo) openPayments(ctx context.Context, sandbox string) error {
	for _, country := range demoCountries() {
		id, err := d.connectMTN(ctx, sandbox+"/mtn", country)
		if err == nil {
			err = d.openCorridor(ctx, country, id)
		}
		if err != nil {
			return fmt.Errorf("mtn in %s: %w", country, err)
		}
	}
	if err := d.openStore(ctx); err != nil {
		return err
	}
	return d.fund(ctx, sandbox)
}

// connectMTN keeps the connection of an earlier run while the stand-in is where
// it was: it knows its own keys again.
func (d *demo) connectMTN(ctx context.Context, mtn, country string) (domain.ConnectionID, error) {
	name := "mtn-" + strings.ToLower(country)
	connections, err := d.engine.Registry.List(ctx, d.environment)
	if err != nil {
		return "", err
	}
	for _, c := range connections {
		var known struct{ BaseURL string }
		if c.Name == name && json.Unmarshal(c.Settings, &known) == nil && known.BaseURL == mtn {
			return c.ID, nil
		}
	}
	public, err := url.Parse(d.public)
	if err != nil {
		return "", fmt.Errorf("public URL: %w", err)
	}
	settings, err := provisionMTN(ctx, mtn, country, public.Hostname())
	if err != nil {
		return "", err
	}
	c, err := d.engine.Registry.Put(ctx, registry.NewConnection{
		Environment: d.environment, Kind: domain.Sandbox, Connector: "mtn", Name: name, Settings: settings, Enabled: true,
	})
	return c.ID, err
}

// provisionMTN makes an API user through the simulator's control API and answers
// the settings of a connection for it. Its callbacks go to a host, if one is named.
func provisionMTN(ctx context.Context, mtn, country, callbackHost string) (json.RawMessage, error) {
	asked, err := json.Marshal(map[string]string{"country": country, "callbackHost": callbackHost})
	if err != nil {
		return nil, err
	}
	body, err := control(ctx, http.MethodPost, mtn+"/_control/merchants", asked)
	if err != nil {
		return nil, fmt.Errorf("provision an API user at the sandbox: %w", err)
	}
	var user struct {
		CollectionKey, DisbursementKey, APIUser, APIKey string
	}
	if err := json.Unmarshal(body, &user); err != nil {
		return nil, fmt.Errorf("API user of the sandbox: %w", err)
	}
	settings := map[string]string{
		"baseUrl": mtn, "country": country, "collectionKey": user.CollectionKey, "disbursementKey": user.DisbursementKey,
		"apiUser": user.APIUser, "apiKey": user.APIKey,
	}
	if callbackHost != "" {
		settings["callbackHost"] = callbackHost
	}
	return json.Marshal(settings)
}

// openCorridor leaves one that is there as somebody has made it.
func (d *demo) openCorridor(ctx context.Context, country string, id domain.ConnectionID) error {
	_, err := d.engine.Corridors.Corridor(ctx, d.environment, "mtn", country)
	if errors.Is(err, corridor.ErrNotFound) {
		_, _, err = d.engine.Corridors.Put(ctx, d.environment, "mtn", country, corridor.Patch{Connection: &id}, operator)
	}
	return err
}

func (d *demo) openStore(ctx context.Context) error {
	_, err := d.engine.Corridors.ShownStore(ctx, d.environment, demoStore)
	if !errors.Is(err, corridor.ErrStoreNotFound) {
		return err
	}
	slug, name := demoStore, demoName
	_, draft, err := d.engine.Corridors.CreateStore(ctx, d.environment, corridor.StorePatch{Slug: &slug, Name: &name}, operator)
	if err != nil {
		return err
	}
	return d.engine.Applier.Apply(ctx, domain.Change{Parts: draft.Parts})
}

// fund puts money on the SIMs: the sandbox, which has just started, keeps none.
func (d *demo) fund(ctx context.Context, sandbox string) error {
	for _, c := range demoClients() {
		asked, err := json.Marshal(c)
		if err != nil {
			return err
		}
		if _, err := control(ctx, http.MethodPut, sandbox+"/simnet/_control/sims", asked); err != nil {
			return fmt.Errorf("register a SIM at the sandbox: %w", err)
		}
	}
	return nil
}
