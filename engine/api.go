package engine

import (
	"context"
	"net/http"

	"github.com/afara-dev/afara/engine/httpapi"
)

// wireAPI makes the HTTP API over the services.
func (e *Engine) wireAPI(context.Context) (err error) {
	s := e.cfg.Settings
	cfg := httpapi.Config{
		Keys: e.Tenants, Ingest: e.Ingest, Invoices: e.Invoices, Pipeline: e.Pipeline, Callbacks: e.Callbacks, Signing: e.Tenants,
		TestCallbacks: testCallbacks{callbacks: e.Callbacks, environments: e.environments},
		Connections:   e.Registry, Connectors: e.Host, Fleet: e.Fleet, Draining: e.node.Draining, Operations: e.Operations, Audit: e.Audit, Ledger: e.Ledger, Webhooks: e.Webhooks, Pulls: e.Pulls, Corridors: e.Corridors, Payments: e.Payments,
		Store: e.Store, Bus: e.Bus, Log: e.log, Now: e.cfg.Now, MaxBody: s.MaxBody,
	}
	if s.Metrics {
		cfg.Metrics = e.metrics
	}
	e.handler, err = httpapi.New(cfg)
	return err
}

func (e *Engine) server() *http.Server { return httpapi.NewServer(e.handler, e.log) }
