package pipeline

import (
	"context"
	"sync"

	"github.com/afara-dev/afara/engine/domain"
)

// company is how many suspects run together. One at a time would take far too
// long: a process that is killed may have a thousand messages in its hands, and
// hardly ever is one of them the cause.
const company = 16

// lanes let messages run side by side, and suspects apart from them, a few
// together; what was in flight at a second crash runs alone (decision 0018).
type lanes struct{ byStream sync.Map } // stream -> *lane

type lane struct {
	open sync.RWMutex // shared by whoever is no suspect, taken by a group

	mu    sync.Mutex
	group *group // that has the lane or waits for it
}

// group has the lane until the last of its members has walked. Its places are
// given once: when they are taken, whoever is no suspect has the lane in turn.
type group struct {
	places  int // still to be had
	walking int
	ready   chan struct{} // closed when the lane is the group's
}

// enter takes the stream's lane, with all who are no suspects or in a group of
// those who are; the caller calls leave. A suspect that finds no place is not let
// in: if it waited, it would take a slot of the pool, and its claim would end
// before its turn.
func (l *lanes) enter(stream string, suspect int) (leave func(), ok bool) {
	v, found := l.byStream.Load(stream)
	if !found {
		v, _ = l.byStream.LoadOrStore(stream, &lane{})
	}
	in := v.(*lane)
	if suspect == 0 {
		in.open.RLock()
		return in.open.RUnlock, true
	}
	g, first := in.join(suspect > 1)
	if g == nil {
		return nil, false
	}
	if first {
		in.open.Lock()
		close(g.ready)
	}
	<-g.ready
	return func() { in.part(g) }, true
}

// join takes a place in the lane's group, nil when there is none.
func (in *lane) join(alone bool) (g *group, first bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	first = in.group == nil
	switch {
	case first && alone:
		in.group = &group{places: 1, ready: make(chan struct{})}
	case first:
		in.group = &group{places: company, ready: make(chan struct{})}
	case alone || in.group.places == 0:
		return nil, false
	}
	in.group.places--
	in.group.walking++
	return in.group, first
}

func (in *lane) part(g *group) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if g.walking--; g.walking == 0 {
		in.group = nil
		in.open.Unlock()
	}
}

// deaths hold a message whatever else was in flight: at the last three of them it
// was the only one of its stream, so that the others were pulls and the like.
const deaths = 5

// guilty reports whether the connector has died of this message: not for the
// first time, and now nothing else was in flight.
func guilty(r *Run, out domain.Outcome) bool {
	return out.Crashed && r.work.Suspect > 0 && (out.Alone || r.work.Suspect+1 >= deaths)
}

// suspicion is what a row is released with: any outcome but a death clears it.
func suspicion(r *Run, out domain.Outcome) int {
	if !out.Crashed {
		return 0
	}
	return r.work.Suspect + 1
}

// putOff lets a suspect try again when those before it may be done.
func (p *Pipeline) putOff(ctx context.Context, r *Run) {
	p.store(ctx, r, domain.Change{Work: r.unchanged(p.now().Add(backoff(2)))})
}

// inTime reports whether the claim still covers the walk after the wait for
// its lane, and renews it when it hardly does. A claim that has ended is left:
// its row is due again already.
func (p *Pipeline) inTime(ctx context.Context, r *Run) bool {
	now, lease := p.now(), p.Lease(r.connection)
	left := r.work.LeaseUntil.Sub(now)
	if left <= 0 {
		return false
	}
	if left > lease/2 {
		return true
	}
	until := now.Add(lease)
	renewed := p.store(ctx, r, domain.Change{Work: &domain.WorkChange{
		ID: r.work.ID, Epoch: r.work.Epoch, Move: domain.MoveKeep, Stage: r.saved, LeaseUntil: until, OpenAttempt: r.work.OpenAttempt,
	}})
	if renewed {
		r.work.LeaseUntil = until
	}
	return renewed
}
