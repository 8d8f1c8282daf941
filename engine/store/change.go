package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Writer turns one part of a Change into statements. It must not read.
type Writer func(domain.Part) ([]Statement, error)

// Expander replaces one part by others, e.g. an event by its row, its
// deliveries and their work.
type Expander func(domain.Part) ([]domain.Part, error)

// Announcer tells the bus of new and waiting work. It is called on every
// commit, so it must not block.
type Announcer interface {
	// Reserve gives the incarnation under which a new row of the stream may be
	// stored as published already, or "" when the window is full or the bus is
	// away: the row is then published by the relay.
	Reserve(stream string) string
	// Announce follows the commit of rows that were stored as published.
	Announce(rows []domain.Work)
	// Wake follows the commit of a row that waits until a time.
	Wake(stream string, dueAt int64)
}

// Applier commits Changes. Parts are written by the registered writers, in the
// order of their registration, after the fence. Register everything before the
// first Apply; Apply may then be called concurrently.
type Applier struct {
	store     *Store
	announcer Announcer
	order     []domain.PartKind
	writers   map[domain.PartKind]Writer
	expanders map[domain.PartKind]Expander
}

// NewApplier returns an Applier that already knows the rows of work.
func NewApplier(s *Store) *Applier {
	a := &Applier{
		store:     s,
		announcer: silent{},
		writers:   map[domain.PartKind]Writer{},
		expanders: map[domain.PartKind]Expander{},
	}
	a.Register(domain.PartWorkCancel, writeCancel)
	a.Register(domain.PartWorkRelease, writeRelease)
	a.Register(domain.PartWorkClose, writeClose)
	return a
}

// Register sets the writer of a kind of part.
func (a *Applier) Register(kind domain.PartKind, w Writer) {
	a.order = append(a.order, kind)
	a.writers[kind] = w
}

// Expand sets the expander of a kind of part.
func (a *Applier) Expand(kind domain.PartKind, e Expander) { a.expanders[kind] = e }

// Announcer sets who is told of new work.
func (a *Applier) Announcer(n Announcer) { a.announcer = n }

// Apply commits c, with extra statements first (an idempotency key, say). It
// returns ErrStale when the fence or another count was wrong; then nothing of
// c was stored.
func (a *Applier) Apply(ctx context.Context, c domain.Change) error {
	parts, works, err := a.expand(c.Parts)
	if err != nil {
		return err
	}
	statements, err := a.statements(c.Work, parts, works)
	if err != nil {
		return err
	}
	if err := a.store.Write(ctx, statements); err != nil {
		return err
	}
	a.announce(c, works)
	return nil
}

// expand replaces parts until none has an expander, and sets rows of work
// apart: where they are published is only known now.
func (a *Applier) expand(parts []domain.Part) (out []domain.Part, works []placed, err error) {
	queue := slices.Clone(parts)
	for len(queue) > 0 {
		part := queue[0]
		queue = queue[1:]
		if e, ok := a.expanders[part.PartOf()]; ok {
			more, err := e(part)
			if err != nil {
				return nil, nil, err
			}
			queue = append(more, queue...)
			continue
		}
		if w, ok := part.(domain.Work); ok {
			works = append(works, placed{Work: w, incarnation: a.announcer.Reserve(w.Stream)})
			continue
		}
		out = append(out, part)
	}
	return out, works, nil
}

// placed is a row to insert and the incarnation it is published under.
type placed struct {
	domain.Work
	incarnation string
}

func (a *Applier) statements(fence *domain.WorkChange, parts []domain.Part, works []placed) ([]Statement, error) {
	statements := make([]Statement, 0, 2*len(parts)+len(works)+1)
	now := a.store.Now()
	if fence != nil {
		statements = append(statements, writeFenced(*fence))
	}
	for _, kind := range a.order {
		for _, part := range parts {
			if part.PartOf() != kind {
				continue
			}
			more, err := a.writers[kind](part)
			if err != nil {
				return nil, fmt.Errorf("write %s: %w", kind, err)
			}
			statements = append(statements, more...)
		}
	}
	for _, part := range parts {
		if _, ok := a.writers[part.PartOf()]; !ok {
			return nil, fmt.Errorf("store: no writer for part %q", part.PartOf())
		}
	}
	for _, w := range works {
		statements = append(statements, insertWork(w.Work, w.incarnation, now))
	}
	return statements, nil
}

func (a *Applier) announce(c domain.Change, works []placed) {
	published := make([]domain.Work, 0, len(works))
	for _, w := range works {
		if w.incarnation != "" {
			published = append(published, w.Work)
			continue
		}
		a.announcer.Wake(w.Stream, domain.Micros(w.DueAt))
	}
	if len(published) > 0 {
		a.announcer.Announce(published)
	}
	if c.Work != nil && c.Work.Move == domain.MoveWait {
		a.announcer.Wake("", domain.Micros(c.Work.DueAt))
	}
	for _, part := range c.Parts {
		if r, ok := part.(domain.WorkRelease); ok {
			a.announcer.Wake("", domain.Micros(r.DueAt))
		}
	}
}

// silent is the Announcer before the relay is wired: rows stay unpublished and
// the relay finds them.
type silent struct{}

func (silent) Reserve(string) string  { return "" }
func (silent) Announce([]domain.Work) {}
func (silent) Wake(string, int64)     {}

// Wake tells the announcer that waiting work is due now.
func (a *Applier) Wake(now time.Time) { a.announcer.Wake("", domain.Micros(now)) }
