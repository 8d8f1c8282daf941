package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/telemetry"
)

// Keys says who presents an API key. *tenant.Service is the real one.
type Keys interface {
	Authenticate(ctx context.Context, bearer string) (domain.Principal, error)
}

// Connections lists an environment's connections, secrets masked.
// *registry.Service is the real one.
type Connections interface {
	List(ctx context.Context, env domain.EnvironmentID) ([]registry.Connection, error)
}

// TestCallbacks sends test callbacks. The error for a URL that the guard refuses is
// a *callback.BlockedError.
type TestCallbacks interface {
	TestCallback(ctx context.Context, env domain.Environment, url string) (callback.ProbeResult, error)
}

// Connectors says how the connectors' processes are. *pluginhost.Host is the
// real one.
type Connectors interface {
	Status() []pluginhost.ConnectorStatus
}

// Signing rotates the secret that signs an environment's callbacks.
// *tenant.Service is the real one.
type Signing interface {
	RotateSigningSecret(ctx context.Context, env domain.EnvironmentID, overlap time.Duration) (string, error)
}

// Pinger tells whether something the engine needs answers. *store.Store and
// *bus.Bus are the real ones.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Config wires the API.
type Config struct {
	Keys          Keys               // required
	Ingest        *ingest.Service    // required
	Invoices      *invoice.Service   // required
	Pipeline      *pipeline.Pipeline // required
	Callbacks     *callback.Service  // required
	Signing       Signing            // required
	Connections   Connections        // required
	Connectors    Connectors         // required
	TestCallbacks TestCallbacks      // required
	Store         Pinger             // required: /readyz fails without it
	Bus           Pinger             // required: /readyz fails without it
	Log           *slog.Logger       // required
	// Metrics counts requests and is served at /metrics; nil for neither.
	Metrics *telemetry.Metrics
	// Now is the clock; default time.Now.
	Now func() time.Time
	// MaxBody is the longest request body in bytes; default 1 MiB.
	MaxBody int64
	// MaxInFlight bounds the requests that run at once; default 512. Probes and
	// metrics are not counted, so that they answer when the engine is busiest.
	MaxInFlight int
}

const (
	defaultMaxBody     = 1 << 20
	defaultMaxInFlight = 512
)

func (c Config) withDefaults() (Config, error) {
	if c.Keys == nil || c.Ingest == nil || c.Invoices == nil || c.Pipeline == nil || c.Callbacks == nil || c.Signing == nil || c.TestCallbacks == nil ||
		c.Connections == nil || c.Connectors == nil || c.Store == nil || c.Bus == nil || c.Log == nil {
		return c, errors.New("httpapi: Keys, Ingest, Invoices, Pipeline, Callbacks, Signing, TestCallbacks, Connections, Connectors, Store, Bus and Log are required")
	}
	if c.MaxBody < 0 || c.MaxInFlight < 0 {
		return c, errors.New("httpapi: MaxBody and MaxInFlight must not be negative: use 0 for the defaults")
	}
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = defaultMaxInFlight
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
