package tenant

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
)

// Store is what a Service needs of the database. *store.Store is the real one.
type Store interface {
	// Write commits the statements in one transaction or not at all.
	Write(ctx context.Context, statements []store.Statement) error
	Reader() store.Querier
	// Now is the node's clock.
	Now() time.Time
}

// Config wires a Service.
type Config struct {
	Store   Store           // required
	Keyring *secret.Keyring // required
	// Applier commits what the audit keeps; required. It must write entries of
	// the audit.
	Applier *store.Applier
	// CacheFor is how long an answer may be used again, and so how late another
	// node's revocation is seen. Default 1 s, at most 2 s.
	CacheFor time.Duration
}

// Service answers who calls and what their environment is. It is safe for
// concurrent use.
type Service struct {
	store        Store
	keyring      *secret.Keyring
	applier      *store.Applier
	keys         *cache[domain.KeyID, keyRow]
	environments *cache[domain.EnvironmentID, Environment]
	secrets      *cache[domain.EnvironmentID, []string]
}

// maxCached bounds each cache; an installation with more live keys than this
// reads the database more often, and stays correct.
const maxCached = 4096

// New checks cfg and fills its defaults.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Keyring == nil || cfg.Applier == nil {
		return nil, errors.New("tenant: Store, Keyring and Applier are required")
	}
	if cfg.CacheFor == 0 {
		cfg.CacheFor = time.Second
	}
	if cfg.CacheFor < 0 || cfg.CacheFor > 2*time.Second {
		return nil, errors.New("tenant: CacheFor must be between 0 and 2 s: a revoked key must stop working within 2 s")
	}
	cfg.Applier.Register(partRotatedSecret, writeRotatedSecret)
	cfg.Applier.Register(partKey, writeKey)
	now := cfg.Store.Now
	return &Service{
		store:        cfg.Store,
		keyring:      cfg.Keyring,
		applier:      cfg.Applier,
		keys:         newCache[domain.KeyID, keyRow](cfg.CacheFor, maxCached, now),
		environments: newCache[domain.EnvironmentID, Environment](cfg.CacheFor, maxCached, now),
		secrets:      newCache[domain.EnvironmentID, []string](cfg.CacheFor, maxCached, now),
	}, nil
}
