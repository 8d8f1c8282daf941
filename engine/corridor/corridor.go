package corridor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Carrier is a connection as far as corridors look at it.
type Carrier struct {
	ID        domain.ConnectionID
	Connector string
	Enabled   bool
	// Country and Currency are what its settings name; empty when they name none.
	Country, Currency string
}

// Connections knows the connections that may carry payments.
type Connections interface {
	// Carriers are all connections of an environment.
	Carriers(ctx context.Context, env domain.EnvironmentID) ([]Carrier, error)
}

// Refusals.
var (
	ErrNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "corridor_not_found",
		Detail: "This environment has no such corridor: GET /si/corridors lists those that it has, PUT /si/corridors/{operator}/{country} makes one."}
	ErrStoreNotFound = &domain.Error{Kind: domain.KindNotFound, Code: "store_not_found",
		Detail: "This environment has no such store: GET /si/stores lists those that it has."}
	ErrChanged = &domain.Error{Kind: domain.KindConflict, Code: "corridor_changed",
		Detail: "Others change the corridor at the same time. Read it again and repeat the change."}
	ErrStoreChanged = &domain.Error{Kind: domain.KindConflict, Code: "store_changed",
		Detail: "Others change the store at the same time. Read it again and repeat the change."}
	ErrCarries = &domain.Error{Kind: domain.KindConflict, Code: "connection_carries_corridor",
		Detail: "Corridors go through this connection (GET /si/corridors). Give them another one, or delete them first."}
)

// Config wires a Service.
type Config struct {
	Store *store.Store // required
	// Applier commits what is done to corridors and stores; required. It must
	// write this package's tables (Register) and entries of the audit.
	Applier     *store.Applier
	Connections Connections // required
	// CacheFor is how old an answer of Find and Store may be, and so how late the
	// change of another node is seen; default 1 s.
	CacheFor time.Duration
}

// Service keeps corridors and stores. Its methods may be called concurrently.
type Service struct {
	cfg       Config
	changing  sync.Mutex // one change of this node at a time
	corridors *cache[key, domain.Corridor]
	stores    *cache[storeKey, domain.MerchantStore]
}

// key names a corridor.
type key struct {
	environment       domain.EnvironmentID
	operator, country string
}

// String is how the audit names it.
func (k key) String() string { return k.operator + "/" + k.country }

type storeKey struct {
	environment domain.EnvironmentID
	slug        string
}

// maxCached bounds each cache; an installation with more than this reads the
// database more often, and stays correct.
const maxCached = 4096

// New checks cfg and fills its defaults. See Register.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil || cfg.Connections == nil {
		return nil, errors.New("corridor: Store, Applier and Connections are required")
	}
	if cfg.CacheFor <= 0 {
		cfg.CacheFor = time.Second
	}
	return &Service{
		cfg:       cfg,
		corridors: newCache[key, domain.Corridor](cfg.CacheFor, maxCached, cfg.Store.Now),
		stores:    newCache[storeKey, domain.MerchantStore](cfg.CacheFor, maxCached, cfg.Store.Now),
	}, nil
}

// Find is the corridor that a payment goes through, as it was at most CacheFor
// ago. The error is ErrNotFound when there is none, or none that is enabled.
func (s *Service) Find(ctx context.Context, env domain.EnvironmentID, operator, country string) (domain.Corridor, error) {
	k := key{env, operator, country}
	c, err := s.corridors.get(ctx, k, func(ctx context.Context, k key) (domain.Corridor, error) {
		found, err := s.read(ctx, k)
		return found.Corridor, err
	})
	if err == nil && !c.Enabled {
		return domain.Corridor{}, ErrNotFound
	}
	return c, err
}

// Store is the store that a payment is for, as it was at most CacheFor ago. The
// error is ErrStoreNotFound when there is none, or none that is active.
func (s *Service) Store(ctx context.Context, env domain.EnvironmentID, slug string) (domain.MerchantStore, error) {
	m, err := s.stores.get(ctx, storeKey{env, slug}, func(ctx context.Context, k storeKey) (domain.MerchantStore, error) {
		found, err := s.readStore(ctx, k)
		return found.MerchantStore, err
	})
	if err == nil && !m.Active {
		return domain.MerchantStore{}, ErrStoreNotFound
	}
	return m, err
}

// Corridor reads one corridor, enabled or not.
func (s *Service) Corridor(ctx context.Context, env domain.EnvironmentID, operator, country string) (domain.Corridor, error) {
	found, err := s.read(ctx, key{env, operator, country})
	return found.Corridor, err
}

// Corridors lists an environment's, by operator and country.
func (s *Service) Corridors(ctx context.Context, env domain.EnvironmentID) ([]domain.Corridor, error) {
	rows, err := s.selectCorridors(ctx, `environment_id = $1 ORDER BY operator, country`, env)
	if err != nil {
		return nil, fmt.Errorf("list corridors: %w", err)
	}
	out := make([]domain.Corridor, len(rows))
	for i, r := range rows {
		out[i] = r.Corridor
	}
	return out, nil
}
