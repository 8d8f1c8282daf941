package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Writer turns one part of a Change into statements. It must not read.
type Writer func(domain.Part) ([]Statement, error)

// Expander replaces one part by others, e.g. an event by its row, its
// deliveries and their work. It may use what it remembers of the database when
// its statements prove that it is still true and fail with ErrOutdated when not;
// it is then called again, with again set, and must read anew.
type Expander func(ctx context.Context, p domain.Part, again bool) ([]domain.Part, error)

// ErrOutdated is a statement whose Expander remembered something that is no
// longer true. Nothing was stored.
var ErrOutdated = errors.New("store: what was remembered is outdated")

// maxExpansions bounds how often one change is expanded: each time something
// else was stored in between, so somebody has got on.
const maxExpansions = 16

// Announcer tells the bus of new and waiting work. It is called on every
// commit, so it must not block.
type Announcer interface {
	// Place says how a new row of the stream is stored. Every place is answered
	// by one Announce or one Withdraw.
	Place(stream string) Placement
	// Announce follows the commit of new rows, or one of unknown outcome.
	Announce(rows []PlacedWork)
	// Withdraw follows a commit that failed.
	Withdraw(rows []PlacedWork)
	// Wake follows the commit of a row that waits until a time.
	Wake(stream string, dueAt int64)
}

// Placement is where a new row begins: claimed by this node, which walks it as
// soon as it is committed; else published under an incarnation of its stream;
// else, when the window is full or the bus is away, neither, and the relay
// finds it by its state.
type Placement struct {
	Owner       domain.NodeID
	LeaseUntil  time.Time
	Incarnation string
}

// PlacedWork is a new row in its place.
type PlacedWork struct {
	domain.Work
	Incarnation string
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
	watchers  []func([]domain.Part)
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
	a.Register(domain.PartWorkNone, s.writeNone)
	a.Register(domain.PartWorkWake, writeWake)
	return a
}

// Register sets the writer of a kind of part.
func (a *Applier) Register(kind domain.PartKind, w Writer) {
	a.order = append(a.order, kind)
	a.writers[kind] = w
}

// Expand sets the expander of a kind of part.
func (a *Applier) Expand(kind domain.PartKind, e Expander) { a.expanders[kind] = e }

// Watch adds a function that is told the parts of every committed change,
// before its work is announced. It must return at once and keep no part that
// it would change.
func (a *Applier) Watch(f func([]domain.Part)) { a.watchers = append(a.watchers, f) }

// Announcer sets who is told of new work.
func (a *Applier) Announcer(n Announcer) { a.announcer = n }

// Apply commits c, with extra statements first (an idempotency key, say). It
// returns ErrStale when the fence or another count was wrong; then nothing of
// c was stored.
func (a *Applier) Apply(ctx context.Context, c domain.Change) error {
	for n := 1; ; n++ {
		parts, works, err := a.write(ctx, c, n > 1)
		if err == nil {
			for _, watch := range a.watchers {
				watch(parts)
			}
			a.announce(c, works)
			return nil
		}
		a.failed(works, err)
		if !errors.Is(err, ErrOutdated) && !a.deleted(c, err) || n == maxExpansions {
			return err
		}
	}
}

// deleted: a connection for which an expander drew up work is gone by now. The
// expander sees it when it is asked again; work that the caller drew up is the
// caller's affair.
func (a *Applier) deleted(c domain.Change, err error) bool {
	return errors.Is(err, ErrDeleted) && slices.ContainsFunc(c.Parts, func(p domain.Part) bool {
		_, expands := a.expanders[p.PartOf()]
		return expands
	})
}

// write expands and commits c, and answers what was written.
func (a *Applier) write(ctx context.Context, c domain.Change, again bool) ([]domain.Part, []PlacedWork, error) {
	parts, works, err := a.expand(ctx, c.Parts, again)
	if err != nil {
		return nil, works, err
	}
	statements, err := a.statements(c.Work, parts, works)
	if err == nil {
		err = a.store.Write(ctx, statements)
	}
	return parts, works, err
}

// failed takes back the places of new rows. After a commit of unknown outcome
// those may be stored that would lie as published for long: they are rung all
// the same, for an envelope without a row is harmless.
func (a *Applier) failed(works []PlacedWork, err error) {
	if errors.Is(err, ErrUnknown) {
		var rung []PlacedWork
		works = slices.DeleteFunc(slices.Clone(works), func(w PlacedWork) bool {
			if w.Owner == "" {
				rung = append(rung, w)
			}
			return w.Owner == ""
		})
		a.announcer.Announce(rung)
	}
	a.announcer.Withdraw(works)
}

// expand replaces parts until none has an expander, and sets rows of work
// apart: where they are published is only known now. With an error it answers
// the rows that have a place already.
func (a *Applier) expand(ctx context.Context, parts []domain.Part, again bool) (out []domain.Part, works []PlacedWork, err error) {
	queue := slices.Clone(parts)
	for len(queue) > 0 {
		part := queue[0]
		queue = queue[1:]
		if e, ok := a.expanders[part.PartOf()]; ok {
			more, err := e(ctx, part, again)
			if err != nil {
				return nil, works, err
			}
			queue = append(more, queue...)
			continue
		}
		if w, ok := part.(domain.Work); ok {
			works = append(works, a.place(w))
			continue
		}
		out = append(out, part)
	}
	return out, works, nil
}

// place finds the row's place; a claimed row begins at the epoch that a claim
// would have given it. A row of a lane has none, since another may go before it,
// nor has one that is due later.
func (a *Applier) place(w domain.Work) PlacedWork {
	if w.Lane != "" || w.DueAt.After(a.store.Now()) {
		return PlacedWork{Work: w}
	}
	p := a.announcer.Place(w.Stream)
	if p.Owner != "" {
		w.Owner, w.LeaseUntil, w.Epoch = p.Owner, p.LeaseUntil, 1
	}
	return PlacedWork{Work: w, Incarnation: p.Incarnation}
}

func (a *Applier) statements(fence *domain.WorkChange, parts []domain.Part, works []PlacedWork) ([]Statement, error) {
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
		statements = append(statements, insertWork(w, now))
	}
	return statements, nil
}

func (a *Applier) announce(c domain.Change, works []PlacedWork) {
	if len(works) > 0 {
		a.announcer.Announce(works)
	}
	if c.Work != nil && c.Work.Move == domain.MoveWait {
		a.announcer.Wake("", domain.Micros(c.Work.DueAt))
	}
	if c.Work != nil && c.Work.Move == domain.MoveDone && c.Work.Lane != "" {
		a.Wake(a.store.Now())
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

func (silent) Place(string) Placement { return Placement{} }
func (silent) Announce([]PlacedWork)  {}
func (silent) Withdraw([]PlacedWork)  {}
func (silent) Wake(string, int64)     {}

// Wake tells the announcer that waiting work is due now.
func (a *Applier) Wake(now time.Time) { a.announcer.Wake("", domain.Micros(now)) }
