package pull

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Connectors is the way to connectors. *pluginhost.Host is the real one.
type Connectors interface {
	Pull(ctx context.Context, p domain.Pull, yield func(domain.PullBatch) bool) domain.Outcome
	Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool)
	// Ready reports whether calls can go out on this node now.
	Ready(connector string, env domain.EnvironmentKind) bool
}

// Connection is one whose streams can be read.
type Connection struct {
	Ref         domain.ConnectionRef
	Environment domain.EnvironmentID
	// Every is how much time lies between two reads; 0 when a person asks for each.
	Every time.Duration
}

// Connections knows what may be read now.
type Connections interface {
	// Open lists the connections that are enabled and not paused.
	Open(ctx context.Context) ([]Connection, error)
	// Reopen reads one of them anew; false when it is not open any more.
	Reopen(ctx context.Context, c Connection) (Connection, bool, error)
	// Pause stops a connection that the vendor refuses.
	Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error
}

// Taker makes something of a canonical record that is new or has changed. What it
// answers is stored in the transaction that stores the record and the cursor.
type Taker func(ctx context.Context, r Record) ([]domain.Part, error)

// Config wires a Service.
type Config struct {
	Store       *store.Store   // required
	Applier     *store.Applier // required; it must know Register's writer, and that of the audit
	Connectors  Connectors     // required
	Connections Connections    // required
	Node        domain.NodeID  // required: who holds the leases
	Log         *slog.Logger   // required
	// Take are the takers by the schema of their records; the records of all other
	// streams are just kept.
	Take map[schemas.ID]Taker
	// Rest reports whether this node shall begin nothing and end what it does: an
	// operator drains it. Nil for never.
	Rest func() bool
	// Observe is told of each run that has ended; nil for nobody.
	Observe func(Observation)
	// Look is how often the database is asked what is due; default 1 s.
	Look time.Duration
	// Lease is how long a node may be silent before another one goes on with its
	// run; default 15 s.
	Lease time.Duration
	// AtOnce bounds the runs of this node, PerConnector those of one connector, so
	// that a slow vendor keeps no other one waiting; defaults 32 and 8.
	AtOnce, PerConnector int
}

// Observation is how a run ended.
type Observation struct {
	Connector          string
	Cause              Cause
	State              State
	Class              domain.Class // of the error; empty for none
	Read, New, Changed int64
	Took               time.Duration
}

// Service reads streams. Its methods may be called concurrently; Run once.
type Service struct {
	cfg   Config
	nudge chan struct{} // a person asked for a run

	mu      sync.Mutex
	running map[streamKey]string // -> connector
}

// streamKey names a stream of a connection.
type streamKey struct {
	connection domain.ConnectionID
	stream     string
}

func (k streamKey) lease() string { return "pull." + string(k.connection) + "." + k.stream }

// New checks cfg and fills its defaults.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Connectors == nil || cfg.Connections == nil || cfg.Node == "" || cfg.Log == nil {
		return nil, errors.New("pull: Store, Applier, Connectors, Connections, Node and Log are required")
	}
	if cfg.Rest == nil {
		cfg.Rest = func() bool { return false }
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Observation) {}
	}
	orDefault(&cfg.Look, time.Second)
	orDefault(&cfg.Lease, 15*time.Second)
	orDefault(&cfg.AtOnce, 32)
	orDefault(&cfg.PerConnector, 8)
	return &Service{cfg: cfg, nudge: make(chan struct{}, 1), running: map[streamKey]string{}}, nil
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// streams are those that a connector declares on this node.
func (s *Service) streams(c domain.ConnectionRef) []schemas.Stream {
	m, ok := s.cfg.Connectors.Manifest(c.Connector, c.Environment)
	if !ok {
		return nil
	}
	return m.Streams
}

// take gives a place to a run, unless the stream has one already or the node or the
// connector has enough.
func (s *Service) take(k streamKey, connector string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ofConnector := 0
	for _, c := range s.running {
		if c == connector {
			ofConnector++
		}
	}
	if _, ok := s.running[k]; ok || len(s.running) >= s.cfg.AtOnce || ofConnector >= s.cfg.PerConnector {
		return false
	}
	s.running[k] = connector
	return true
}

func (s *Service) free(k streamKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, k)
}
