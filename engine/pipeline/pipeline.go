package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/work"
	"github.com/afara-dev/afara/schemas"
)

// Connectors is the way to connectors. *pluginhost.Host is the real one.
type Connectors interface {
	Invoke(ctx context.Context, c domain.Call) domain.Outcome
	Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool)
}

// Connections resolves the connection that a message belongs to.
type Connections interface {
	Ref(ctx context.Context, id domain.ConnectionID) (domain.ConnectionRef, error)
	// Pause closes a connection's gate until its Check passes.
	Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error
}

// Documents reads accepted documents.
type Documents interface {
	Documents(ctx context.Context, ids []domain.DocumentID) (map[domain.DocumentID]schemas.Document, error)
}

// Config wires a Pipeline.
type Config struct {
	Store       *store.Store   // required
	Applier     *store.Applier // required
	Connectors  Connectors     // required
	Connections Connections    // required
	Documents   Documents      // required
	Flows       []domain.Flow  // required
	Log         *slog.Logger   // required

	MaxAttempts int           // spent attempts before a message is held; default 5
	HoldAfter   time.Duration // from a message's first failure; default 72 h
	LeaseMargin time.Duration // what a lease adds to the deadlines; default 30 s
	// Observe is told how long each stage of a message took; nil for none.
	Observe func(Observation)
}

// Observation is one finished call, for metrics and the console.
type Observation struct {
	Message   domain.MessageID
	Resource  string
	Connector string
	Stage     domain.Stage
	Operation string
	Class     domain.Class
	Took      time.Duration
	// Verdict is what followed: next, completed, rejected, failed, wait, hold.
	Verdict string
}

// Pipeline runs flows. All methods may be called concurrently.
type Pipeline struct {
	cfg   Config
	flows map[string]domain.Flow
	lanes lanes
	fresh work.Fresh[accepted]
}

// New checks cfg, fills its defaults and registers the writers of the
// pipeline's tables.
func New(cfg Config) (*Pipeline, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Connectors == nil || cfg.Connections == nil || cfg.Documents == nil || cfg.Log == nil {
		return nil, errors.New("pipeline: Store, Applier, Connectors, Connections, Documents and Log are required")
	}
	if cfg.MaxAttempts <= 0 {
		cfg.MaxAttempts = 5
	}
	if cfg.HoldAfter <= 0 {
		cfg.HoldAfter = 72 * time.Hour
	}
	if cfg.LeaseMargin <= 0 {
		cfg.LeaseMargin = 30 * time.Second
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Observation) {}
	}
	p := &Pipeline{cfg: cfg, flows: map[string]domain.Flow{}}
	for _, f := range cfg.Flows {
		if _, twice := p.flows[f.Name()]; twice {
			return nil, fmt.Errorf("pipeline: flow %q is given twice", f.Name())
		}
		p.flows[f.Name()] = f
	}
	registerWriters(cfg.Applier)
	cfg.Applier.Expand(domain.PartWorkNews, p.expandNews)
	cfg.Applier.Watch(p.remember)
	return p, nil
}

// Lease is how long a claim of the connector's stream must last: the deadlines
// of the calls up to the next write, with a margin. Two reads and the longest
// effect cover every flow.
func (p *Pipeline) Lease(c domain.ConnectionRef) time.Duration {
	lease := p.cfg.LeaseMargin
	m, ok := p.cfg.Connectors.Manifest(c.Connector, c.Environment)
	if !ok {
		return lease + 3*time.Minute
	}
	var longest time.Duration
	for _, op := range m.Operations {
		longest = max(longest, time.Duration(op.Deadline))
	}
	return lease + 3*longest
}

func (p *Pipeline) now() time.Time { return p.cfg.Store.Now() }
