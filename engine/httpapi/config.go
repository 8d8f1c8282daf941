package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/telemetry"
	"github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/schemas"
)

// Keys says who presents an API key. *tenant.Service is the real one.
type Keys interface {
	Authenticate(ctx context.Context, bearer string) (domain.Principal, error)
}

// TestCallbacks sends test callbacks. The error for a URL that the guard refuses is
// a *callback.BlockedError.
type TestCallbacks interface {
	TestCallback(ctx context.Context, env domain.Environment, url string) (callback.ProbeResult, error)
}

// Connectors is the way to the connectors' processes. *pluginhost.Host is the
// real one.
type Connectors interface {
	registry.Checker
	Status() []pluginhost.ConnectorStatus
	// Manifests are those of the installed connectors, by name.
	Manifests() []*schemas.Manifest
	// Need starts the connector's process on this node, if it does not run yet.
	Need(connector string, env domain.EnvironmentKind)
}

// Fleet sees the connectors of all nodes and takes operators' orders.
// *fleet.Service is the real one.
type Fleet interface {
	Connectors(ctx context.Context, kind domain.EnvironmentKind) ([]fleet.Connector, error)
	Ask(ctx context.Context, a fleet.Asked) error
	Nodes(ctx context.Context) ([]fleet.Node, error)
}

// Signing rotates the secret that signs an environment's callbacks.
// *tenant.Service is the real one.
type Signing interface {
	RotateSigningSecret(ctx context.Context, env domain.EnvironmentID, overlap time.Duration, actor string) (string, error)
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
	Connections   *registry.Service  // required
	Connectors    Connectors         // required
	Fleet         Fleet              // required
	Operations    *operation.Service // required
	Audit         *audit.Service     // required
	Ledger        *ledger.Service    // required
	Webhooks      *webhook.Service   // required
	Pulls         *pull.Service      // required
	Corridors     *corridor.Service  // required
	Payments      *payment.Service   // required
	TestCallbacks TestCallbacks      // required
	Store         Pinger             // required: /readyz fails without it
	Bus           Pinger             // required: /readyz fails without it
	Log           *slog.Logger       // required
	// Draining reports whether operators drain this node: /readyz fails then. Nil
	// for never.
	Draining func() bool
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
		c.Connections == nil || c.Connectors == nil || c.Fleet == nil || c.Operations == nil || c.Audit == nil || c.Ledger == nil || c.Webhooks == nil || c.Pulls == nil || c.Corridors == nil || c.Payments == nil || c.Store == nil || c.Bus == nil || c.Log == nil {
		return c, errors.New("httpapi: Keys, Ingest, Invoices, Pipeline, Callbacks, Signing, TestCallbacks, Connections, Connectors, Fleet, Operations, Audit, Ledger, Webhooks, Pulls, Corridors, Payments, Store, Bus and Log are required")
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
	if c.Draining == nil {
		c.Draining = func() bool { return false }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
