package pipeline

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/afara-dev/afara/engine/domain"
)

// lanes let messages run side by side, and a suspect alone: when the
// connector dies again while only it was in flight, it is the cause.
type lanes struct{ byStream sync.Map } // stream -> *lane

type lane struct {
	sync.RWMutex
	suspect atomic.Bool // one is in the lane or waits for it
}

// enter takes the stream's lane, alone or shared; the caller calls leave. One
// suspect at a time waits for a lane and the next is not let in: each that
// waited would take a slot of the pool, and its claim would end before its turn.
func (l *lanes) enter(stream string, alone bool) (leave func(), ok bool) {
	v, found := l.byStream.Load(stream)
	if !found {
		v, _ = l.byStream.LoadOrStore(stream, &lane{})
	}
	in := v.(*lane)
	if !alone {
		in.RLock()
		return in.RUnlock, true
	}
	if !in.suspect.CompareAndSwap(false, true) {
		return nil, false
	}
	in.Lock()
	return func() {
		in.Unlock()
		in.suspect.Store(false)
	}, true
}

// putOff lets a suspect try again when the one before it may be done.
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
