package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/work"
)

// Environments says how an environment signs and where it may call.
type Environments interface {
	// Signing answers the environment's secrets, the current one first, and
	// what its callbacks may do.
	Signing(ctx context.Context, id domain.EnvironmentID) (secrets []string, policy Policy, err error)
}

// Config wires a Service.
type Config struct {
	Store        *store.Store   // required
	Applier      *store.Applier // required
	Environments Environments   // required
	Sender       *Sender        // required
	Log          *slog.Logger   // required
	// Sealer keeps the endpoints' secrets; without one no endpoint can be made.
	Sealer Sealer
	// Timeout bounds a whole request to a callback_url; default DefaultTimeout.
	// Registered endpoints have that of their retry policy.
	Timeout time.Duration
	// InFlight is how many attempts this node makes at once; default 256. No host
	// may take them all.
	InFlight int
	// Retry is the policy of callback_urls; default RetryDefault.
	Retry Retry
	// Observe is told of each attempt; nil for none.
	Observe func(Attempted)
}

// Attempted is one attempt, for metrics and the console.
type Attempted struct {
	Delivery domain.DeliveryID
	Endpoint domain.EndpointID // empty for a callback_url
	Event    domain.Event
	URL      string
	Number   int
	Result   Result
	// Status is where the delivery stands after it.
	Status Status
}

// Service turns events into deliveries and makes their attempts. Its methods
// may be called concurrently.
type Service struct {
	cfg      Config
	audience *audience
	known    *knownEndpoints
	pace     *pace
	breaker  *breaker
	spread   spread
	fresh    work.Fresh[fresh]
}

// StageDeliver is the one stage of a delivery's work.
const StageDeliver domain.Stage = "deliver"

// New checks cfg, fills its defaults and registers the writers of the tables
// event, counter and delivery.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Environments == nil || cfg.Sender == nil || cfg.Log == nil {
		return nil, errors.New("callback: Store, Applier, Environments, Sender and Log are required")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Retry.Name == "" {
		cfg.Retry = defaultRetry()
	}
	if cfg.InFlight <= 0 {
		cfg.InFlight = 256
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Attempted) {}
	}
	s := &Service{
		cfg: cfg, audience: newAudience(cfg.Store), known: newKnownEndpoints(cfg.Store.Now),
		pace: newPace(cfg.InFlight), breaker: newBreaker(),
	}
	registerWriters(cfg.Applier)
	cfg.Applier.Expand(domain.PartEvent, s.expand)
	cfg.Applier.Watch(s.remember)
	return s, nil
}

// Lease is how long a claim of a delivery must last.
func (s *Service) Lease() time.Duration { return max(s.cfg.Timeout, maxTimeout) + 30*time.Second }

// hostGate is the gate of a receiver: what is wrong with a host is wrong for
// all who call it.
func hostGate(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "host:"
	}
	return "host:" + strings.ToLower(u.Host)
}
