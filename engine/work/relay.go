package work

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// Bus is what the relay needs of the bus. Methods may run concurrently.
type Bus interface {
	// Publish appends envelopes to a stream in one round trip.
	Publish(ctx context.Context, stream string, envelopes []domain.Envelope) error
	// Look gives each stream's incarnation and how many entries wait in it,
	// making what is missing.
	Look(ctx context.Context, streams []string) (map[string]Look, error)
}

// Look is one stream at a moment.
type Look struct {
	Incarnation string
	Length      int
}

// RelayConfig wires a Relay.
type RelayConfig struct {
	Store  *store.Store  // required
	Bus    Bus           // required
	Log    *slog.Logger  // required
	Window int           // entries per stream that nobody has claimed; default 2,000
	Tick   time.Duration // how often lost rows are looked for; default 3 s
	Stale  time.Duration // how long a published row may stay unclaimed; default 10 min
	// Observe is told of each publication; nil for none.
	Observe func(stream string, n int, err error)
}

// Relay is the way from SQL to the bus. It is the store's Announcer: a row that
// is stored as published is rung through at once, anything else is picked by
// its state. Place, Announce, Withdraw and Wake may be called from many goroutines and
// never block.
type Relay struct {
	cfg   RelayConfig
	bell  chan struct{} // something to publish
	nudge chan struct{} // something is due sooner

	mu      sync.Mutex
	ended   bool // nobody rings any more: new rows are left to other nodes
	streams map[string]*streamState
	local   map[string]Local
	out     map[string][]domain.Envelope
	alarms  alarms
}

// Local is a receiver of this process that may take a new row at once: stored
// as claimed, it needs neither the bus nor a claim. Methods never block.
type Local interface {
	// Reserve keeps a slot; the answer is the claim, with no owner when no slot
	// is free.
	Reserve() store.Placement
	// Cancel frees a slot that came to nothing.
	Cancel()
	// Take walks a committed row in the slot that was kept for it.
	Take(row domain.Work)
}

// streamState is what this node knows of a stream's window. It is refreshed at
// each look and guessed in between: a window is a bound, not a count.
type streamState struct {
	incarnation string
	room        int
	// hungry: rows wait in SQL because the window was full.
	hungry bool
}

// NewRelay checks cfg and fills its defaults.
func NewRelay(cfg RelayConfig) (*Relay, error) {
	if cfg.Store == nil || cfg.Bus == nil || cfg.Log == nil {
		return nil, errors.New("work: the relay needs Store, Bus and Log")
	}
	if cfg.Window <= 0 {
		cfg.Window = 2000
	}
	if cfg.Tick <= 0 {
		cfg.Tick = 3 * time.Second
	}
	if cfg.Stale <= 0 {
		cfg.Stale = 10 * time.Minute
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, int, error) {}
	}
	return &Relay{
		cfg:     cfg,
		bell:    make(chan struct{}, 1),
		nudge:   make(chan struct{}, 1),
		streams: map[string]*streamState{},
		local:   map[string]Local{},
		out:     map[string][]domain.Envelope{},
	}, nil
}

// Keep lets a receiver of this process take new rows of its stream at once.
// What is published or waits reaches it over the bus as ever.
func (r *Relay) Keep(stream string, l Local) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.local[stream] = l
}

// Place implements store.Announcer.
func (r *Relay) Place(stream string) store.Placement {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l, ok := r.local[stream]; ok {
		if p := l.Reserve(); p.Owner != "" {
			return p
		}
	}
	s, ok := r.streams[stream]
	if !ok {
		r.streams[stream] = &streamState{}
	}
	if !ok || r.ended {
		return store.Placement{}
	}
	if s.incarnation == "" || s.room <= 0 {
		s.hungry = s.incarnation != ""
		return store.Placement{}
	}
	s.room--
	return store.Placement{Incarnation: s.incarnation}
}

// Announce implements store.Announcer.
func (r *Relay) Announce(rows []store.PlacedWork) {
	failpoint.Hit(failpoint.Stored)
	r.mu.Lock()
	ring := false
	for _, w := range rows {
		switch {
		case w.Owner != "":
			r.local[w.Stream].Take(w.Work)
		case w.Incarnation != "":
			r.out[w.Stream] = append(r.out[w.Stream], envelope(w.Work))
			ring = true
		default:
			if _, ok := r.streams[w.Stream]; !ok {
				r.streams[w.Stream] = &streamState{} // to be looked at by the pick that follows
			}
			r.alarms.add(domain.Micros(w.DueAt))
			defer signal(r.nudge)
		}
	}
	r.mu.Unlock()
	if ring {
		signal(r.bell)
	}
}

// Withdraw implements store.Announcer. Room that a published row had reserved
// is found again at the next look.
func (r *Relay) Withdraw(rows []store.PlacedWork) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range rows {
		if w.Owner != "" {
			r.local[w.Stream].Cancel()
		}
	}
}

// Wake implements store.Announcer.
func (r *Relay) Wake(_ string, dueAt int64) {
	r.mu.Lock()
	sooner := r.alarms.add(dueAt)
	r.mu.Unlock()
	if sooner {
		signal(r.nudge)
	}
}

// Claimed gives room back: n entries of the stream have been claimed here.
// When rows wait for room, the next pick comes as soon as it is worth one.
func (r *Relay) Claimed(stream string, n int) {
	r.mu.Lock()
	s, ok := r.streams[stream]
	refill := false
	if ok {
		s.room = min(s.room+n, r.cfg.Window)
		refill = s.hungry && s.room >= r.cfg.Window/4
	}
	if refill {
		s.hungry = false
		r.alarms.add(domain.Micros(r.cfg.Store.Now()))
	}
	r.mu.Unlock()
	if refill {
		signal(r.nudge)
	}
}

// publishWithin bounds one publication and its taking back.
const publishWithin = 10 * time.Second

// Run publishes and picks until ctx ends, and then what was announced before.
// It returns nothing but ctx's end: a store or a bus that is away heals by
// itself. Call it once.
func (r *Relay) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { r.ring(ctx) })
	r.pickLoop(ctx)
	wg.Wait()
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.publishAnnounced(ctx)
	return ctx.Err()
}

// ring publishes what was announced, all of a stream in one round trip.
func (r *Relay) ring(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.bell:
		}
		r.publishAnnounced(ctx)
	}
}

func (r *Relay) publishAnnounced(ctx context.Context) {
	r.mu.Lock()
	out := r.out
	r.out = map[string][]domain.Envelope{}
	r.mu.Unlock()
	for stream, envelopes := range out {
		r.publish(ctx, stream, envelopes)
	}
}

// publish sends envelopes; rows whose envelopes did not go out are marked as
// unpublished again and picked when the bus is back. It does not end with ctx:
// rows that are marked as published and are not would lie for a long time.
func (r *Relay) publish(ctx context.Context, stream string, envelopes []domain.Envelope) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishWithin)
	defer cancel()
	err := r.cfg.Bus.Publish(ctx, stream, envelopes)
	r.cfg.Observe(stream, len(envelopes), err)
	if err == nil {
		failpoint.Hit(failpoint.Published)
		return
	}
	r.cfg.Log.Warn("publish", "stream", stream, "count", len(envelopes), "error", err)
	r.forget(stream)
	ids := make([]domain.WorkID, len(envelopes))
	for i, e := range envelopes {
		ids[i] = e.ID
	}
	if err := r.cfg.Store.Unpublish(ctx, ids); err != nil {
		r.cfg.Log.Warn("take back publication", "stream", stream, "error", err)
	}
}

// forget drops what is known of a stream, so that nothing is reserved in it
// before the next look.
func (r *Relay) forget(stream string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams[stream] = &streamState{}
}

func envelope(w domain.Work) domain.Envelope {
	return domain.Envelope{ID: w.ID, Kind: w.Kind, Stage: w.Stage, Epoch: w.Epoch}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
