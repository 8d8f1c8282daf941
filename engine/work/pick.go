package work

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// pickLoop picks due rows: when an alarm rings, and at each tick with a look
// for rows that were lost on the way.
func (r *Relay) pickLoop(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Tick)
	defer tick.Stop()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	lost := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			lost = true
		case <-alarm.C:
		case <-r.nudge:
		}
		if lost || r.due() {
			r.pick(ctx, lost)
			lost = false
		}
		r.rearm(alarm)
	}
}

// due reports whether an alarm has come due, and takes it.
func (r *Relay) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.alarms.take(domain.Micros(r.cfg.Store.Now()))
}

// rearm sets the timer to the next alarm.
func (r *Relay) rearm(alarm *time.Timer) {
	r.mu.Lock()
	next, ok := r.alarms.next()
	r.mu.Unlock()
	if !ok {
		alarm.Stop()
		return
	}
	alarm.Reset(failpoint.Scale(max(0, domain.FromMicros(next).Sub(r.cfg.Store.Now()))))
}

// pick publishes what is due in all streams that have work.
func (r *Relay) pick(ctx context.Context, lost bool) {
	streams, err := r.lookAt(ctx, lost)
	if err != nil {
		if ctx.Err() == nil {
			r.cfg.Log.Warn("look for due work", "error", err)
		}
		return
	}
	if lost && len(streams) > 0 {
		r.lookAhead(ctx)
	}
	rows, err := r.cfg.Store.Pick(ctx, store.PickRequest{Streams: streams, Lost: lost, Stale: r.cfg.Stale})
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn("pick due work", "error", err)
	}
	byStream := map[string][]domain.Envelope{}
	for _, w := range rows {
		byStream[w.Stream] = append(byStream[w.Stream], envelope(w))
	}
	for stream, envelopes := range byStream {
		r.reserved(stream, len(envelopes))
		r.publish(ctx, stream, envelopes)
	}
}

// lookAhead sets alarms for rows that come due before the tick after the next:
// those of which this node has not heard, since another one or a former process
// stored them, and those whose alarms were too many to keep. What is due already
// is picked after it.
func (r *Relay) lookAhead(ctx context.Context) {
	now := r.cfg.Store.Now()
	due, err := r.cfg.Store.ComingDue(ctx, now, now.Add(2*r.cfg.Tick), alarmGrain*time.Microsecond, maxAlarms)
	if err != nil {
		if ctx.Err() == nil {
			r.cfg.Log.Warn("look for work that comes due", "error", err)
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range due {
		r.alarms.add(domain.Micros(at))
	}
}

// lookAt refreshes the windows of all streams that are known or have work, and
// answers those to pick from. A look for lost rows asks the database first
// which streams have rows at all: an idle node asks nothing more.
func (r *Relay) lookAt(ctx context.Context, lost bool) (map[string]store.StreamRoom, error) {
	r.mu.Lock()
	known := slices.Collect(maps.Keys(r.streams))
	r.mu.Unlock()
	pick := known
	if lost {
		var err error
		if pick, err = r.cfg.Store.Streams(ctx); err != nil {
			return nil, err
		}
	}
	rooms, err := r.refresh(ctx, append(known, pick...))
	maps.DeleteFunc(rooms, func(name string, _ store.StreamRoom) bool { return !slices.Contains(pick, name) })
	return rooms, err
}

// refresh reads the windows of streams from the bus.
func (r *Relay) refresh(ctx context.Context, names []string) (map[string]store.StreamRoom, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return nil, nil
	}
	looks, err := r.cfg.Bus.Look(ctx, names)
	if err != nil {
		for _, name := range names {
			r.forget(name)
		}
		return nil, err
	}
	rooms := make(map[string]store.StreamRoom, len(looks))
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, l := range looks {
		room := max(0, r.cfg.Window-l.Length-len(r.out[name]))
		hungry := r.streams[name] != nil && r.streams[name].hungry && room == 0
		r.streams[name] = &streamState{incarnation: l.Incarnation, room: room, hungry: hungry}
		rooms[name] = store.StreamRoom{Incarnation: l.Incarnation, Room: room}
	}
	return rooms, nil
}

// reserved takes the room that picked rows use.
func (r *Relay) reserved(stream string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.streams[stream]; ok {
		s.room -= n
		s.hungry = s.room <= 0
	}
}
