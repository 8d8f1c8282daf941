package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Knock is what is known of a request before its body is read.
type Knock struct {
	Connector  string
	Connection string
	// Kind is empty where the connector has but one.
	Kind string
	// Address is where it comes from.
	Address string
}

// Visit is a request that may come in.
type Visit struct {
	service    *Service
	connection Connection
	kind       string
	entries    []entry
	proved     bool
}

// Enter lets a request in that is not one too many, for a connection that takes
// it. The caller reads the body only then, and calls Leave in any case.
func (s *Service) Enter(ctx context.Context, k Knock) (*Visit, error) {
	v := &Visit{service: s}
	if err := v.pass("address/"+k.Address, s.cfg.Rates.Address); err != nil {
		return nil, err
	}
	if err := v.find(ctx, k); err != nil {
		v.Leave()
		return nil, err
	}
	id := string(v.connection.Ref.ID)
	if err := v.pass("neighbour/"+id+"/"+k.Address, s.cfg.Rates.Neighbour); err != nil {
		v.Leave()
		return nil, err
	}
	if err := v.pass("connection/"+id, s.cfg.Rates.Connection); err != nil {
		v.Leave()
		return nil, err
	}
	return v, nil
}

func (v *Visit) pass(key string, r Rate) error {
	e, wait := v.service.pace.enter(v.service.now(), key, r)
	if wait > 0 {
		refused := *ErrTooFast
		refused.RetryAfter = wait
		return &refused
	}
	v.entries = append(v.entries, e)
	return nil
}

// Leave gives back what Enter took.
func (v *Visit) Leave() { v.service.pace.leave(v.proved, v.entries...) }

// find answers one and the same for all that does not fit together: a stranger
// learns nothing of what there is. A connection that is disabled takes nothing,
// and may again one day: it is not said to have gone for good.
func (v *Visit) find(ctx context.Context, k Knock) error {
	if !domain.IsID(domain.PrefixConnection, k.Connection) {
		return ErrNotFound
	}
	c, err := v.service.cfg.Connections.WebhookConnection(ctx, domain.ConnectionID(k.Connection))
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("connection of a webhook: %w", err)
	}
	if c.Ref.Connector != k.Connector || !c.Enabled {
		return ErrNotFound
	}
	m, ok := v.service.cfg.Connectors.Manifest(c.Ref.Connector, c.Ref.Environment)
	if !ok {
		return ErrNotReady
	}
	v.connection = c
	v.kind, ok = kindOf(m, k.Kind)
	if !ok {
		return ErrNotFound
	}
	return nil
}

// kindOf is the kind that an address names: the only one where it names none.
func kindOf(m *schemas.Manifest, named string) (string, bool) {
	for _, k := range m.Webhooks {
		if k.Name == named || named == "" && len(m.Webhooks) == 1 {
			return k.Name, true
		}
	}
	return "", false
}
