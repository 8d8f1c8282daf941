package callback

import (
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

const (
	knownFor = time.Second
	maxKnown = 10_000
)

// knownEndpoints remembers endpoints for a second, so that deliveries to one
// endpoint do not read it each time.
type knownEndpoints struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[domain.EndpointID]knownEndpoint
	// drops counts the drops: a read that began before one is not kept.
	drops uint64
}

type knownEndpoint struct {
	*Endpoint
	until time.Time
}

// reading is when a read began.
type reading struct {
	at    time.Time
	drops uint64
}

func newKnownEndpoints(now func() time.Time) *knownEndpoints {
	return &knownEndpoints{now: now, entries: map[domain.EndpointID]knownEndpoint{}}
}

func (k *knownEndpoints) get(ids []domain.EndpointID) (found map[domain.EndpointID]*Endpoint, missing []domain.EndpointID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found = make(map[domain.EndpointID]*Endpoint, len(ids))
	now := k.now()
	for _, id := range ids {
		if e, ok := k.entries[id]; ok && now.Before(e.until) {
			found[id] = e.Endpoint
			continue
		}
		missing = append(missing, id)
	}
	return found, missing
}

func (k *knownEndpoints) begin() reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	return reading{at: k.now(), drops: k.drops}
}

func (k *knownEndpoints) put(e *Endpoint, r reading) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.drops != k.drops {
		return
	}
	if len(k.entries) >= maxKnown {
		clear(k.entries)
	}
	k.entries[e.ID] = knownEndpoint{e, r.at.Add(knownFor)}
}

func (k *knownEndpoints) drop(id domain.EndpointID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drops++
	delete(k.entries, id)
}
