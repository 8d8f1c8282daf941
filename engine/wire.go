package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/tenant"
	"github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/engine/work"
	"github.com/afara-dev/afara/schemas"
)

// callbackDelivery shortens a type's name in generics.
type callbackDelivery = callback.Delivery

// Keyring is the master key of the settings; the embedded database gets one of
// its own, made at the first start.
func Keyring(s *config.Config) (*secret.Keyring, error) {
	if s.MasterKey.IsSet() {
		k, err := secret.ParseKeyring(s.MasterKey.Reveal())
		if err != nil {
			return nil, fmt.Errorf("AFARA_MASTER_KEY: %w", err)
		}
		return k, nil
	}
	k, err := secret.LoadOrGenerate(filepath.Join(s.DataDir, "master.key"))
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return k, nil
}

// lateConnections lets the connector host be made before the registry.
type lateConnections struct{ *registry.Service }

// environments tells callbacks how an environment signs and where it may call.
type environments struct {
	tenants   *tenant.Service
	allowHTTP bool
	allowlist *callback.Allowlist
}

// Signing implements callback.Environments. Callbacks of production may go
// wherever the guard lets them, those of any other environment where the
// allowlist says; one that was opened for development also to this machine.
func (v environments) Signing(ctx context.Context, id domain.EnvironmentID) ([]string, callback.Policy, error) {
	env, err := v.tenants.Environment(ctx, id)
	if err != nil {
		return nil, callback.Policy{}, err
	}
	secrets, err := v.tenants.SigningSecrets(ctx, id)
	policy := callback.Policy{AllowHTTP: v.allowHTTP || env.AllowHTTP, AllowLoopback: env.AllowLoopback}
	if env.Kind != domain.Production {
		policy.Allowlist = v.allowlist
	}
	return secrets, policy, err
}

// Testing is Signing for test callbacks: they go only where the allowlist says,
// in every environment.
func (v environments) Testing(ctx context.Context, id domain.EnvironmentID) ([]string, callback.Policy, error) {
	secrets, policy, err := v.Signing(ctx, id)
	policy.Allowlist = v.allowlist
	return secrets, policy, err
}

// receivers judges callback_urls as they will be judged when they are called.
type receivers struct {
	guard        *callback.Guard
	environments environments
}

// CallbackRule implements invoice.Receivers.
func (r receivers) CallbackRule(ctx context.Context, env domain.EnvironmentID) (invoice.CallbackRule, error) {
	_, policy, err := r.environments.Signing(ctx, env)
	return func(url string) *domain.FieldError {
		var refused *callback.BlockedError
		if errors.As(r.guard.Check(url, policy), &refused) {
			fault := refused.Fault("")
			return &fault
		}
		return nil
	}, err
}

// testCallbacks sends test callbacks for the API.
type testCallbacks struct {
	callbacks    *callback.Service
	environments environments
}

// TestCallback implements httpapi.TestCallbacks.
func (c testCallbacks) TestCallback(ctx context.Context, env domain.Environment, url string) (callback.ProbeResult, error) {
	secrets, policy, err := c.environments.Testing(ctx, env.ID)
	if err != nil {
		return callback.ProbeResult{}, err
	}
	return c.callbacks.Probe(ctx, callback.ProbeRequest{
		URL: url, Environment: env.ID, Organisation: env.Organisation, Secrets: secrets, Policy: policy,
	})
}

// invoiceConnections tells invoices who will register them.
type invoiceConnections struct {
	registry *registry.Service
	host     *pluginhost.Host
	// known is what was made of a connection's version and its connector's, by the
	// connection's id: the settings of one version never change.
	known sync.Map // domain.ConnectionID -> knownConnection
}

type knownConnection struct {
	version  int64
	manifest *schemas.Manifest
	invoice.Connection
}

// capabilityInvoice is what a connector that registers invoices declares.
const capabilityInvoice = "invoice"

// InvoiceConnection implements invoice.Connections. A connector of invoices
// keeps the seller in its settings as businessId and supplier (a canonical
// party); both become defaults of submitted invoices.
func (c *invoiceConnections) InvoiceConnection(ctx context.Context, env domain.EnvironmentID) (invoice.Connection, error) {
	connection, err := c.registry.For(ctx, env, capabilityInvoice)
	if err != nil {
		return invoice.Connection{}, err
	}
	manifest, _ := c.host.Manifest(connection.Connector, connection.Kind)
	if v, ok := c.known.Load(connection.ID); ok {
		if known := v.(knownConnection); known.version == connection.Version && known.manifest == manifest {
			return known.Connection, nil
		}
	}
	out, err := parse(connection, manifest)
	if err == nil {
		c.known.Store(connection.ID, knownConnection{connection.Version, manifest, out})
	}
	return out, err
}

// InvoiceStream implements invoice.Connections.
func (c *invoiceConnections) InvoiceStream(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (string, error) {
	connection, err := c.registry.Connection(ctx, env, id)
	if errors.Is(err, registry.ErrConnectionNotFound) {
		return "", store.ErrNotFound
	}
	return connection.Stream(), err
}

// TakesWriteBacks implements invoice.Connections.
func (c *invoiceConnections) TakesWriteBacks(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (bool, error) {
	connection, err := c.registry.Connection(ctx, env, id)
	if errors.Is(err, registry.ErrConnectionNotFound) {
		return false, store.ErrNotFound
	}
	if err != nil {
		return false, err
	}
	m, ok := c.host.Manifest(connection.Connector, connection.Kind)
	if !ok {
		return false, nil
	}
	_, takes := m.Operation(schemas.OpInvoiceWriteBack)
	return takes, nil
}

// parse reads the settings; the manifest is nil where the connector is missing.
func parse(connection registry.Connection, m *schemas.Manifest) (invoice.Connection, error) {
	out := invoice.Connection{ID: connection.ID, Stream: connection.Stream(), ReferenceKey: plainKey()}
	if m != nil && m.ReferenceKey != nil {
		out.ReferenceKey = *m.ReferenceKey
	}
	var seller struct {
		BusinessID string         `json:"businessId"`
		Supplier   *schemas.Party `json:"supplier"`
	}
	if err := json.Unmarshal(connection.Settings, &seller); err != nil {
		return out, fmt.Errorf("settings of %s: %w", connection.ID, err)
	}
	out.Defaults = invoice.Defaults{BusinessID: seller.BusinessID, Supplier: seller.Supplier}
	return out, nil
}

// plainKey is the rule of a connector that declares none: the number as it is.
func plainKey() schemas.ReferenceKey { return schemas.ReferenceKey{MaxLength: 64} }

// lookout reads the windows of streams and notes how long the bus has been away.
type lookout struct {
	bus  *bus.Bus
	now  func() time.Time
	lost atomic.Int64 // micros since the bus is away; 0 while it is there
}

// Publish implements work.Bus.
func (l *lookout) Publish(ctx context.Context, stream string, envelopes []domain.Envelope) error {
	return l.note(l.bus.Publish(ctx, stream, envelopes))
}

// Look implements work.Bus.
func (l *lookout) Look(ctx context.Context, streams []string) (map[string]work.Look, error) {
	looks, err := l.bus.Look(ctx, streams)
	if l.note(err) != nil {
		return nil, err
	}
	out := make(map[string]work.Look, len(looks))
	for name, k := range looks {
		out[name] = work.Look{Incarnation: k.Incarnation, Length: int(k.Length)}
	}
	return out, nil
}

func (l *lookout) note(err error) error {
	if err == nil {
		l.lost.Store(0)
		return nil
	}
	l.lost.CompareAndSwap(0, domain.Micros(l.now()))
	return err
}

// away is how long the bus has been out of reach.
func (l *lookout) away() time.Duration {
	since := l.lost.Load()
	if since == 0 {
		return 0
	}
	return l.now().Sub(domain.FromMicros(since))
}

// connectorUsers knows who is told of a connector's troubles.
type connectorUsers struct {
	registry *registry.Service
	tenants  *tenant.Service
}

// UsersOf implements fleet.Users.
func (u connectorUsers) UsersOf(ctx context.Context, connector string, kind domain.EnvironmentKind) ([]domain.Environment, error) {
	ids, err := u.registry.EnvironmentsOf(ctx, connector, kind)
	if err != nil {
		return nil, err
	}
	out := make([]domain.Environment, len(ids))
	for i, id := range ids {
		env, err := u.tenants.Environment(ctx, id)
		if err != nil {
			return nil, err
		}
		out[i] = env.Environment
	}
	return out, nil
}

// webhookConnections tells webhooks whose they are.
type webhookConnections struct{ registry *registry.Service }

// WebhookConnection implements webhook.Connections.
func (c webhookConnections) WebhookConnection(ctx context.Context, id domain.ConnectionID) (webhook.Connection, error) {
	found, err := c.registry.Present(ctx, id)
	return webhook.Connection{Ref: found.Ref(), Environment: found.Environment, Enabled: found.Enabled}, err
}

// carriers tells corridors which connections may carry payments.
type carriers struct{ registry *registry.Service }

// Carriers implements corridor.Connections. A connector of payments keeps the
// country and the currency of its wallet in its settings as country and
// currency; one that keeps neither carries any.
func (c carriers) Carriers(ctx context.Context, env domain.EnvironmentID) ([]corridor.Carrier, error) {
	list, err := c.registry.List(ctx, env)
	if err != nil {
		return nil, err
	}
	out := make([]corridor.Carrier, len(list))
	for i, connection := range list {
		var wallet map[string]any
		if err := json.Unmarshal(connection.Settings, &wallet); err != nil {
			return nil, fmt.Errorf("settings of %s: %w", connection.ID, err)
		}
		out[i] = corridor.Carrier{ID: connection.ID, Connector: connection.Connector, Enabled: connection.Enabled}
		out[i].Country, _ = wallet["country"].(string)
		out[i].Currency, _ = wallet["currency"].(string)
	}
	return out, nil
}
