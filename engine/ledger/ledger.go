package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Corridors knows where an environment's payments go. *corridor.Service is the
// real one.
type Corridors interface {
	Corridors(ctx context.Context, env domain.EnvironmentID) ([]domain.Corridor, error)
}

// Config wires a Service.
type Config struct {
	Store *store.Store  // required; its applier must know Register's writers
	Node  domain.NodeID // required: who holds the lease of folding
	Log   *slog.Logger  // required
	// Corridors says in which currencies operators are asked; Adjust alone needs it.
	Corridors Corridors
	// Observe is told of each round of folding that found something; nil for nobody.
	Observe func(Observation)
	// Every is how often a node looks for what is to fold; default 1 s.
	Every time.Duration
	// Lease is how long a node may be silent before another one folds; default 15 s.
	Lease time.Duration
	// Prove is how old the proof of a snapshot may be when it is folded again: then
	// all that it covers is added up anew; default 1 h.
	Prove time.Duration
	// Batch is how many postings are read at once; default 512.
	Batch int
}

// Observation is one round of folding.
type Observation struct {
	Folded int     // postings
	Faults []Fault // what did not add up
	Took   time.Duration
}

// Service reads the ledger and folds it. Its methods may be called concurrently;
// Run once.
type Service struct {
	cfg Config

	mu   sync.Mutex
	told map[Fault]bool // that are in the log already
}

// New checks cfg and fills its defaults.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Node == "" || cfg.Log == nil {
		return nil, errors.New("ledger: Store, Node and Log are required")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Observation) {}
	}
	orDefault(&cfg.Every, time.Second)
	orDefault(&cfg.Lease, 15*time.Second)
	orDefault(&cfg.Prove, time.Hour)
	orDefault(&cfg.Batch, 512)
	return &Service{cfg: cfg, told: map[Fault]bool{}}, nil
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
