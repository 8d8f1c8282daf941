package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
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
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
	"github.com/afara-dev/afara/engine/tenant"
	"github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/engine/work"
)

// Config is what New needs beside the settings.
type Config struct {
	Settings *config.Config // required
	Log      *slog.Logger   // required
	Version  string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// OnAccept, OnCall and OnCallback are told of each accepted submission,
	// each finished call of a connector and each attempt of a callback: the
	// console of `afara dev`. Nil for none.
	OnAccept   func(ingest.Accepted)
	OnCall     func(pipeline.Observation)
	OnCallback func(callback.Attempted)
	// RunDir is where connectors' private copies and sockets live; empty for
	// the host's default.
	RunDir string
}

// Engine is one node. Make it with New, run it once with Run; Close ends one
// that was never run.
type Engine struct {
	cfg     Config
	log     *slog.Logger
	metrics *telemetry.Metrics
	keyring *secret.Keyring

	// Driver floors.
	Store *store.Store
	Bus   *bus.Bus
	Host  *pluginhost.Host
	late  *lateConnections

	// The nouns.
	Applier   *store.Applier
	Tenants   *tenant.Service
	Registry  *registry.Service
	Corridors *corridor.Service
	Payments  *payment.Service
	Ingest    *ingest.Service
	Invoices  *invoice.Service
	Pipeline  *pipeline.Pipeline
	Callbacks *callback.Service
	Fleet     *fleet.Service
	// Pulls reads connectors' streams.
	Pulls *pull.Service
	// Operations calls what connectors declare, at a caller's request.
	Operations *operation.Service
	Audit      *audit.Service
	Ledger     *ledger.Service
	// Webhooks takes what vendors push.
	Webhooks *webhook.Service

	node    *work.Node
	relay   *work.Relay
	look    *lookout
	guard   *callback.Guard
	handler http.Handler

	// environments tells callbacks how environments sign and where they may call.
	environments environments
}

// New wires a node bottom up. Nothing runs yet but the database and, on the
// embedded default, the bus.
func New(ctx context.Context, cfg Config) (*Engine, error) {
	if cfg.Settings == nil || cfg.Log == nil {
		return nil, errors.New("engine: Settings and Log are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	e := &Engine{cfg: cfg, log: cfg.Log, metrics: telemetry.New()}
	for _, floor := range []func(context.Context) error{e.openDrivers, e.wireNouns, e.wireWork, e.wireAPI} {
		if err := floor(ctx); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// openDrivers opens what lies under the nouns: database, keys, tenants (whose
// secrets prove the keys), bus.
func (e *Engine) openDrivers(ctx context.Context) (err error) {
	s := e.cfg.Settings
	commits, err := newCommitMetrics(e.metrics)
	if err != nil {
		return err
	}
	e.Store, err = store.Open(ctx, store.Config{
		URL: s.DatabaseURL.Reveal(), Synchronous: s.Synchronous, Log: e.log, Now: e.cfg.Now, Observe: commits.observe,
	})
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	e.Applier = store.NewApplier(e.Store)
	e.keyring, err = Keyring(s)
	if err != nil {
		return err
	}
	e.Tenants, err = tenant.New(tenant.Config{Store: e.Store, Keyring: e.keyring, Applier: e.Applier})
	if err != nil {
		return err
	}
	if err := e.Tenants.CheckKeys(ctx); err != nil {
		return err
	}
	e.Bus, err = bus.Open(ctx, bus.Config{URL: s.RedisURL.Reveal(), Log: e.log})
	if err != nil {
		return fmt.Errorf("open bus: %w", err)
	}
	return e.openHost()
}

// openHost makes the connector host, which asks the registry of connections for
// secrets once that is there. The host has the store's clock, in which the
// deadlines of calls are given: the node's own may differ by more than a deadline
// is long.
func (e *Engine) openHost() (err error) {
	s := e.cfg.Settings
	e.late = &lateConnections{}
	e.Host, err = pluginhost.New(pluginhost.Config{
		Dirs: s.PluginDirs, RunDir: e.cfg.RunDir, Connections: e.late, Log: e.log,
		Metrics: e.metrics.Registry(), Now: e.Store.Now, MaxInFlight: s.Pool, MaxPerConnection: s.PerConnection, Env: failpoint.Env(),
		Limits: pluginhost.Limits{MemoryMiB: s.ConnectorMemory, Files: s.ConnectorFiles, Processes: s.ConnectorProcs},
		Locked: s.ConnectorsLocked, DrainTimeout: s.DrainTimeout,
	})
	if err != nil {
		return fmt.Errorf("open connectors: %w", err)
	}
	return nil
}

// wireNouns makes the services. The order of their writers is the order of the
// statements in every transaction: keys that happen once first, events last.
func (e *Engine) wireNouns(context.Context) (err error) {
	s := e.cfg.Settings
	e.look = &lookout{bus: e.Bus, now: e.Store.Now}
	e.Ingest, err = ingest.New(ingest.Config{
		Store: e.Store, Applier: e.Applier, PerEnvironment: s.BacklogLimit, Total: s.BacklogTotal, BusAway: e.look.away,
		Observe: e.cfg.OnAccept, Sealer: e.keyring,
	})
	if err != nil {
		return err
	}
	e.Registry, err = registry.New(registry.Config{Store: e.Store, Applier: e.Applier, Keyring: e.keyring, Manifests: e.Host, Log: e.log, Gone: Gone()})
	if err != nil {
		return err
	}
	e.late.Service = e.Registry
	e.Corridors, err = corridor.New(corridor.Config{Store: e.Store, Applier: e.Applier, Connections: carriers{e.Registry}})
	if err != nil {
		return err
	}
	if err := e.wireWebhooks(); err != nil {
		return err
	}
	if err := e.wirePayments(); err != nil {
		return err
	}
	if err := e.wireGuard(); err != nil {
		return err
	}
	e.Invoices, err = invoice.New(invoice.Config{
		Store: e.Store, Applier: e.Applier, Documents: e.Ingest, Connections: &invoiceConnections{registry: e.Registry, host: e.Host},
		Receivers: receivers{guard: e.guard, environments: e.environments},
	})
	if err != nil {
		return err
	}
	calls, err := newCallMetrics(e.metrics, e.cfg.OnCall)
	if err != nil {
		return err
	}
	e.Pipeline, err = pipeline.New(pipeline.Config{
		Store: e.Store, Applier: e.Applier, Connectors: e.Host, Connections: e.Registry, Documents: e.Ingest,
		Flows: []domain.Flow{e.Invoices.Flow(), e.Invoices.SettleFlow(), e.Invoices.WriteBackFlow(), e.Payments.Flow(), e.Payments.ConfirmFlow()}, Log: e.log,
		MaxAttempts: s.MaxAttempts, HoldAfter: s.HoldAfter, LeaseMargin: s.LeaseMargin, Observe: calls.observe,
	})
	if err != nil {
		return err
	}
	if err := e.wireCallbacks(); err != nil {
		return err
	}
	e.Operations, err = operation.New(operation.Config{Store: e.Store, Connectors: e.Host, Connections: e.Registry, Sealer: e.keyring, Log: e.log})
	if err != nil {
		return err
	}
	audit.Register(e.Applier)
	pull.Register(e.Applier)
	corridor.Register(e.Applier)
	ledger.Register(e.Applier)
	e.Audit, err = audit.New(e.Store)
	return err
}

// wireGuard makes what judges the addresses that users type.
func (e *Engine) wireGuard() (err error) {
	s := e.cfg.Settings
	e.guard, err = callback.NewGuard(callback.GuardConfig{CIDRs: s.CallbackCIDRs})
	if err != nil {
		return err
	}
	allowlist, err := callback.ParseAllowlist(s.CallbackAllowlist)
	e.environments = environments{tenants: e.Tenants, allowHTTP: s.CallbackAllowHTTP, allowlist: allowlist}
	return err
}

func (e *Engine) wireCallbacks() (err error) {
	s := e.cfg.Settings
	sender, err := callback.NewSender(callback.SenderConfig{Guard: e.guard, HeaderPrefix: s.HeaderPrefix, Now: e.cfg.Now})
	if err != nil {
		return err
	}
	attempts, err := newCallbackMetrics(e.metrics, e.cfg.OnCallback)
	if err != nil {
		return err
	}
	e.Callbacks, err = callback.New(callback.Config{
		Store: e.Store, Applier: e.Applier, Sealer: e.keyring, Sender: sender, Log: e.log, Timeout: s.CallbackTimeout(), InFlight: s.CallbackInFlight, Observe: attempts.observe,
		Environments: e.environments,
	})
	return err
}

func (e *Engine) wireWebhooks() (err error) {
	decisions, err := newWebhookMetrics(e.metrics)
	if err != nil {
		return err
	}
	e.Webhooks, err = webhook.New(webhook.Config{
		Store: e.Store, Applier: e.Applier, Connections: webhookConnections{e.Registry}, Connectors: e.Host, Sealer: e.keyring, Log: e.log,
		PublicURL: e.cfg.Settings.PublicURL, Follow: e.told(), Observe: decisions.observe,
	})
	return err
}

// wireWork makes the node, the relay between the database and the bus, the node's
// part in the fleet, the ledger and the reader of streams.
func (e *Engine) wireWork(context.Context) (err error) {
	s := e.cfg.Settings
	e.node = work.NewNode(e.Store, e.cfg.Version, strings.Join(s.Roles, ","), e.log)
	published, err := newPublishMetrics(e.metrics)
	if err != nil {
		return err
	}
	e.relay, err = work.NewRelay(work.RelayConfig{Store: e.Store, Bus: e.look, Log: e.log, Window: s.Window, Observe: published.observe})
	if err != nil {
		return err
	}
	e.Applier.Announcer(e.relay)
	e.Fleet, err = fleet.New(fleet.Config{Store: e.Store, Applier: e.Applier, Host: e.Host, Users: connectorUsers{e.Registry, e.Tenants}, Node: e.node.ID(), Log: e.log})
	if err != nil {
		return err
	}
	if err := e.wireLedger(); err != nil {
		return err
	}
	return e.wirePulls()
}

// Handler is the HTTP API.
func (e *Engine) Handler() http.Handler { return e.handler }

// Metrics is the node's registry of metrics.
func (e *Engine) Metrics() *telemetry.Metrics { return e.metrics }

// Close ends what New opened. Run calls it; call it only without Run.
func (e *Engine) Close() error {
	var errs []error
	if e.Host != nil {
		ended, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		errs = append(errs, e.Host.Close(ended))
	}
	if e.guard != nil {
		e.guard.Close()
	}
	if e.Bus != nil {
		errs = append(errs, e.Bus.Close())
	}
	if e.Store != nil {
		errs = append(errs, e.Store.Close())
	}
	return errors.Join(errs...)
}
