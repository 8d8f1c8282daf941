package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Connection is what is asked of a connection.
type Connection struct {
	Ref         domain.ConnectionRef
	Environment domain.EnvironmentID
	Enabled     bool
}

// Connections knows the connections of all environments.
type Connections interface {
	// WebhookConnection reads one; store.ErrNotFound when there is none.
	WebhookConnection(ctx context.Context, id domain.ConnectionID) (Connection, error)
}

// Connectors is the way to connectors. *pluginhost.Host is the real one.
type Connectors interface {
	HandleWebhook(ctx context.Context, w domain.Webhook) domain.WebhookOutcome
	Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool)
	// Ready reports whether calls can go out on this node now.
	Ready(connector string, env domain.EnvironmentKind) bool
	// Need starts the connector's process on this node, if it does not run yet.
	Need(connector string, env domain.EnvironmentKind)
}

// Sealer keeps what came unreadable in SQL. *secret.Keyring is the real one.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Event is one thing that a verified webhook told.
type Event struct {
	Environment domain.EnvironmentID
	Connection  domain.ConnectionID
	Request     domain.WebhookID
	domain.WebhookEvent
}

// State is where a received request stands.
type State string

const (
	StateUnverified State = "unverified" // nobody has said yet whether it is the vendor's
	StateVerified   State = "verified"
	StateRefused    State = "refused"   // it is not, or could not be proved in time
	StateDuplicate  State = "duplicate" // the vendor told it before
)

// Observation is one decision, or one that was put off.
type Observation struct {
	Connector, Kind string
	State           State
	// Later is true when the vendor had been answered already.
	Later bool
}

// Config wires a Service.
type Config struct {
	Store       *store.Store   // required
	Applier     *store.Applier // required
	Connections Connections    // required
	Connectors  Connectors     // required
	Sealer      Sealer         // required
	Log         *slog.Logger   // required
	// PublicURL is the base of the addresses that vendors are given; without it
	// none is shown.
	PublicURL string
	// Follow says what follows a verified event of a type, in the transaction that
	// stores it and beside the news of its reference. It may be called again for
	// one event when nothing was stored. New comes before the writers of these
	// parts register, so that a repeat is known before any of them is written.
	Follow map[string]func(Event) []domain.Part
	// Observe is told of decisions; nil for nobody. It must return at once.
	Observe func(Observation)

	MaxWaiting      int           // unverified requests of a connection; default 500
	MaxWaitingBytes int64         // and their bytes; default 16 MiB
	VerifyFor       time.Duration // how long it is tried to verify a request; default 24 h
	ReplayWindow    time.Duration // how long the very same request is answered from its record; default 10 min
	Retain          time.Duration // how long what was verified is kept, and a repeat known as one; default 30 days
	Every           time.Duration // how often a node looks for what is still to verify; default 1 s
	Rates           Rates         // of requests that were not proved to be the vendor's
}

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil || c.Applier == nil || c.Connections == nil || c.Connectors == nil || c.Sealer == nil || c.Log == nil {
		return c, errors.New("webhook: Store, Applier, Connections, Connectors, Sealer and Log are required")
	}
	if c.Observe == nil {
		c.Observe = func(Observation) {}
	}
	if c.MaxWaiting <= 0 {
		c.MaxWaiting = 500
	}
	if c.MaxWaitingBytes <= 0 {
		c.MaxWaitingBytes = 16 << 20
	}
	for field, fallback := range map[*time.Duration]time.Duration{
		&c.VerifyFor: 24 * time.Hour, &c.ReplayWindow: 10 * time.Minute, &c.Retain: 30 * 24 * time.Hour, &c.Every: time.Second,
	} {
		if *field <= 0 {
			*field = fallback
		}
	}
	c.Rates = c.Rates.withDefaults()
	return c, nil
}

// Service takes webhooks. Its methods may be called concurrently.
type Service struct {
	cfg  Config
	pace *pace
}

// New checks cfg, fills its defaults and registers the writer of its tables.
func New(cfg Config) (*Service, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, pace: newPace()}
	cfg.Applier.Register(partVerified, write)
	return s, nil
}

func (s *Service) now() time.Time { return s.cfg.Store.Now() }

// Address is where the vendor of a connection pushes to; empty when its connector
// takes no webhooks or nobody has said how this installation is reached.
func (s *Service) Address(c domain.ConnectionRef) string {
	m, ok := s.cfg.Connectors.Manifest(c.Connector, c.Environment)
	if !ok || s.cfg.PublicURL == "" {
		return ""
	}
	return Address(m, s.cfg.PublicURL, c.ID)
}

// Address is where the vendor of a connection pushes to under a base URL; empty
// when the connector takes no webhooks. One with several kinds takes each under
// its name behind it.
func Address(m *schemas.Manifest, base string, id domain.ConnectionID) string {
	if len(m.Webhooks) == 0 {
		return ""
	}
	return fmt.Sprintf("%s/webhooks/%s/%s", strings.TrimSuffix(base, "/"), m.Name, id)
}

// Refusals. They tell a stranger nothing of what there is.
var (
	ErrNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "webhook_not_found",
		Detail: "Nothing is received at this address."}
	ErrRefused = &domain.Error{Kind: domain.KindUnauthenticated, Code: "webhook_refused",
		Detail: "The request is not proved to be the vendor's, or is too old. Nothing of it was believed."}
	ErrNotVerified = &domain.Error{Kind: domain.KindUnavailable, Code: "webhook_not_verified", RetryAfter: 30 * time.Second,
		Detail: "The request was stored and cannot be verified now. It is verified later; sending it again does no harm."}
	ErrNotReady = &domain.Error{Kind: domain.KindUnavailable, Code: "webhook_not_ready", RetryAfter: 30 * time.Second,
		Detail: "This node cannot receive it now, and nothing was stored. Send it again after the time in Retry-After."}
	ErrFull = &domain.Error{Kind: domain.KindTooManyRequests, Code: "webhooks_waiting", RetryAfter: time.Minute,
		Detail: "Too many requests of this connection wait to be verified. Send it again after the time in Retry-After."}
	ErrTooFast = &domain.Error{Kind: domain.KindTooManyRequests, Code: "webhooks_too_fast",
		Detail: "Too many requests come at once. Send it again after the time in Retry-After."}
)
