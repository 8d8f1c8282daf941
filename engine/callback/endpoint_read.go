package callback

import (
	"context"
	"fmt"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Endpoints lists an environment's endpoints, in the order of their making.
func (s *Service) Endpoints(ctx context.Context, env domain.EnvironmentID) ([]Endpoint, error) {
	rows, err := readEndpoints(ctx, s.cfg.Store.Reader(), `environment_id = $1 AND deleted_at = 0`, env)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	out := make([]Endpoint, len(rows))
	for i, row := range rows {
		if out[i], err = s.open(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Endpoint reads one endpoint of an environment; ErrNoEndpoint when it has none
// of that id.
func (s *Service) Endpoint(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID) (Endpoint, error) {
	rows, err := readEndpoints(ctx, s.cfg.Store.Reader(), `id = $1 AND environment_id = $2 AND deleted_at = 0`, id, env)
	if err != nil {
		return Endpoint{}, fmt.Errorf("read webhook: %w", err)
	}
	if len(rows) == 0 {
		return Endpoint{}, ErrNoEndpoint
	}
	return s.open(rows[0])
}

// receivers gives the endpoints of deliveries, those that are deleted too, as
// they were a second ago at most.
func (s *Service) receivers(ctx context.Context, ids []domain.EndpointID) (map[domain.EndpointID]*Endpoint, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out, missing := s.known.get(ids)
	if len(missing) == 0 {
		return out, nil
	}
	began := s.known.begin()
	list, args := store.List(0, missing)
	rows, err := readEndpoints(ctx, s.cfg.Store.Reader(), `id IN (`+list+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	for _, row := range rows {
		e, err := s.open(row)
		if err != nil {
			return nil, err
		}
		out[e.ID] = &e
		s.known.put(&e, began)
	}
	return out, nil
}

// forget drops what this node remembers of an endpoint and its environment.
func (s *Service) forget(env domain.EnvironmentID, id domain.EndpointID) {
	s.known.drop(id)
	s.audience.drop(env)
}
