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
	// Timeout bounds a whole request; default DefaultTimeout.
	Timeout time.Duration
	// Schedule of retries; default DefaultSchedule.
	Schedule *Schedule
	// Observe is told of each attempt; nil for none.
	Observe func(Attempted)
}

// Attempted is one attempt, for metrics and the console.
type Attempted struct {
	Delivery domain.DeliveryID
	Event    domain.Event
	URL      string
	Number   int
	Result   Result
	// Verdict is what followed: delivered, retry, exhausted, refused.
	Verdict string
}

// Service turns events into deliveries and makes their attempts. Its methods
// may be called concurrently.
type Service struct {
	cfg      Config
	schedule Schedule
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
	if cfg.Observe == nil {
		cfg.Observe = func(Attempted) {}
	}
	s := &Service{cfg: cfg, schedule: DefaultSchedule()}
	if cfg.Schedule != nil {
		s.schedule = *cfg.Schedule
	}
	registerWriters(cfg.Applier)
	cfg.Applier.Expand(domain.PartEvent, s.expand)
	return s, nil
}

// Lease is how long a claim of a delivery must last.
func (s *Service) Lease() time.Duration { return s.cfg.Timeout + 30*time.Second }

// told are the events that an invoice's callback_url hears of.
func told(event string) bool {
	switch event {
	case "invoice.signed", "invoice.rejected", "invoice.held", "invoice.failed":
		return true
	}
	return false
}

// expand makes an event's row and, where it has a receiver, the delivery and
// its work: all in the transaction that makes the event true.
func (s *Service) expand(p domain.Part) ([]domain.Part, error) {
	e := p.(domain.Event)
	parts := []domain.Part{eventRow{e}}
	if e.CallbackURL == "" || !told(e.Type) {
		return parts, nil
	}
	id := domain.NewID[domain.DeliveryID](domain.PrefixDelivery)
	return append(parts,
		newDelivery{ID: id, Event: e.ID, Environment: e.Environment, URL: e.CallbackURL, At: e.OccurredAt},
		domain.Work{
			ID: domain.WorkID(id), Kind: domain.WorkDelivery, Stream: domain.CallbackStream, Environment: e.Environment,
			Gate: hostGate(e.CallbackURL), Stage: StageDeliver, DueAt: e.OccurredAt, FlowVersion: 1,
		}), nil
}

// hostGate is the gate of a receiver: what is wrong with a host is wrong for
// all who call it.
func hostGate(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "host:"
	}
	return "host:" + strings.ToLower(u.Host)
}
