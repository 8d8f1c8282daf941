package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Refusals of a replay.
var (
	errStillPending = &domain.Error{
		Kind: domain.KindConflict, Code: "delivery_pending",
		Detail: "The delivery has not ended: it is attempted again by itself. Wait until it is delivered or has failed.",
	}
	errEndpointGone = &domain.Error{
		Kind: domain.KindConflict, Code: "webhook_inactive",
		Detail: "The delivery's webhook was deleted or is not active: activate it (PUT /v1/webhooks/{id} with isActive), or replay the event for another one.",
	}
)

// replayChunk is how many deliveries one transaction makes.
const replayChunk = 200

// MaxReplay is how many deliveries one call replays.
const MaxReplay = 1000

// Replay sends the event of a delivery once more to the same receiver: a new
// delivery with the same event id, as often as it is asked for. One that is
// pending is attempted anyway and is refused.
func (s *Service) Replay(ctx context.Context, env domain.EnvironmentID, id domain.DeliveryID, actor string) (DeliveryRecord, error) {
	d, err := s.Delivery(ctx, env, id)
	if err != nil {
		return d, err
	}
	if d.Status == StatusPending {
		return d, errStillPending
	}
	active, err := s.activeEndpoints(ctx, env)
	if err != nil {
		return d, err
	}
	n, ok := s.replayOf(env, d, active)
	if !ok {
		return d, errEndpointGone
	}
	parts := deliver(n, "")
	made := parts[0].(newDelivery).ID
	parts = append(parts, domain.AuditEntry{
		Environment: env, Actor: actor, Action: deedReplay, Subject: string(id), Detail: "as " + string(made), At: n.At,
	})
	if err := s.cfg.Applier.Apply(ctx, domain.Change{Parts: parts}); err != nil {
		return d, fmt.Errorf("replay %s: %w", id, err)
	}
	return s.Delivery(ctx, env, made) // others may replay it at the same time
}

// Replayed is what a replay of many did, or with a preview would do.
type Replayed struct {
	Matched  int // what the filter found, in this call
	Replayed int
	Skipped  int // their webhook is deleted or not active
	// Next is where the next call goes on; empty at the end.
	Next string
	// Through is the last delivery that a walk over many calls may meet: those
	// that it makes itself are behind it. Give it with Next.
	Through domain.DeliveryID
}

// ReplayMany replays the deliveries that a filter finds, oldest first, at most
// MaxReplay in one call. Those that are pending are left alone, and so are those
// that were made after the walk began: a replay that has failed already is not
// replayed by the same walk. A preview counts all and changes nothing.
func (s *Service) ReplayMany(ctx context.Context, env domain.EnvironmentID, f DeliveryFilter, preview bool, actor string) (Replayed, error) {
	f.Oldest, f.Ended = true, true
	if preview {
		n, err := s.countDeliveries(ctx, env, f)
		return Replayed{Matched: n}, err
	}
	active, err := s.activeEndpoints(ctx, env)
	if err != nil {
		return Replayed{}, err
	}
	if f.Through == "" {
		if f.Through, err = s.lastDelivery(ctx, env); err != nil || f.Through == "" {
			return Replayed{}, err
		}
	}
	out := Replayed{Through: f.Through}
	for out.Matched < MaxReplay {
		f.Limit = replayChunk
		list, err := s.Deliveries(ctx, env, f)
		if err != nil {
			return out, err
		}
		if err := s.replayList(ctx, env, f, list, active, actor, &out); err != nil {
			return out, err
		}
		if len(list) < replayChunk {
			out.Next = ""
			return out, nil
		}
		f.After = list[len(list)-1].ID
		out.Next = string(f.After)
	}
	return out, nil
}

// replayList replays what a filter has found, in one transaction.
func (s *Service) replayList(ctx context.Context, env domain.EnvironmentID, f DeliveryFilter, list []DeliveryRecord, active map[domain.EndpointID]string, actor string, out *Replayed) error {
	var change domain.Change
	var ids []domain.DeliveryID
	for _, d := range list {
		out.Matched++
		n, ok := s.replayOf(env, d, active)
		if !ok {
			out.Skipped++
			continue
		}
		change.Add(deliverAt(n, "", s.spread.due(env, n.At))...)
		ids = append(ids, d.ID)
	}
	out.Replayed += len(ids)
	if len(ids) == 0 {
		return nil
	}
	change.Add(f.replayedMany(env, actor, ids, s.cfg.Store.Now()))
	if err := s.cfg.Applier.Apply(ctx, change); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// replayOf is the delivery that repeats d; false when nobody would take it.
// Replays are in no lane: what they repeat is out of order by nature.
func (s *Service) replayOf(env domain.EnvironmentID, d DeliveryRecord, active map[domain.EndpointID]string) (newDelivery, bool) {
	n := newDelivery{Event: d.Event, Environment: env, Endpoint: d.Endpoint, URL: d.URL, ReplayOf: d.ID, At: s.cfg.Store.Now()}
	if d.Endpoint == "" {
		return n, true
	}
	url, ok := active[d.Endpoint]
	n.URL = url
	return n, ok
}

// activeEndpoints are the URLs of an environment's active endpoints.
func (s *Service) activeEndpoints(ctx context.Context, env domain.EnvironmentID) (map[domain.EndpointID]string, error) {
	list, err := s.audience.of(ctx, env, true)
	urls := make(map[domain.EndpointID]string, len(list.list))
	for _, one := range list.list {
		urls[one.id] = one.url
	}
	return urls, err
}

// ReplaySince sends an endpoint every event that it would hear of now, that
// occurred from since on, and that it has not had: those from before it was made,
// or while it was not active, too. At most MaxReplay events in one call; a
// preview counts all.
func (s *Service) ReplaySince(ctx context.Context, env domain.EnvironmentID, id domain.EndpointID, since time.Time, after domain.EventID, preview bool, actor string) (Replayed, error) {
	e, err := s.Endpoint(ctx, env, id)
	if err != nil {
		return Replayed{}, err
	}
	if !e.Active {
		return Replayed{}, errEndpointGone
	}
	var out Replayed
	for preview || out.Matched < MaxReplay {
		events, err := s.missed(ctx, e, since, after)
		if err != nil {
			return out, err
		}
		out.Matched += len(events)
		if !preview {
			if err := s.sendMissed(ctx, e, events, since, actor); err != nil {
				return out, err
			}
			out.Replayed += len(events)
		}
		if len(events) < replayChunk {
			out.Next = ""
			return out, nil
		}
		after = events[len(events)-1]
		out.Next = string(after)
	}
	return out, nil
}

// sendMissed sends an endpoint events, in one transaction.
func (s *Service) sendMissed(ctx context.Context, e Endpoint, events []domain.EventID, since time.Time, actor string) error {
	if len(events) == 0 {
		return nil
	}
	var change domain.Change
	for _, event := range events {
		n := newDelivery{Event: event, Environment: e.Environment, Endpoint: e.ID, URL: e.URL, At: s.cfg.Store.Now()}
		change.Add(deliverAt(n, "", s.spread.due(e.Environment, n.At))...)
	}
	change.Add(domain.AuditEntry{
		Environment: e.Environment, Actor: actor, Action: deedSince, Subject: string(e.ID), At: s.cfg.Store.Now(),
		Detail: fmt.Sprintf("%s; since %s", span(events), since.UTC().Format(time.RFC3339Nano)),
	})
	if err := s.cfg.Applier.Apply(ctx, change); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}
