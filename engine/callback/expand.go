package callback

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// told are the events that an invoice's callback_url hears of.
func told(event string) bool {
	switch event {
	case "invoice.signed", "invoice.rejected", "invoice.held", "invoice.failed":
		return true
	}
	return false
}

// expand makes an event's row and, for each of its receivers, the delivery and
// its work: all in the transaction that makes the event true. An event that
// nobody hears of is a row alone.
func (s *Service) expand(ctx context.Context, p domain.Part, again bool) ([]domain.Part, error) {
	e := p.(domain.Event)
	subscribers, err := s.audience.of(ctx, e.Environment, again)
	if err != nil {
		return nil, err
	}
	row := eventRow{Event: e, audience: subscribers.version}
	parts := []domain.Part{row}
	if e.CallbackURL != "" && told(e.Type) {
		parts = append(parts, deliver(newDelivery{Event: e.ID, Environment: e.Environment, URL: e.CallbackURL, At: e.OccurredAt}, "")...)
	}
	for _, one := range subscribers.list {
		if !one.hears(e.Type) || e.Type == EventDisabled && e.Resource == string(one.id) {
			continue
		}
		lane := ""
		if one.ordered {
			lane = string(one.id) + "/" + e.Resource
		}
		d := newDelivery{Event: e.ID, Environment: e.Environment, Endpoint: one.id, URL: one.url, At: s.cfg.Store.Now()}
		parts = append(parts, deliver(d, lane)...)
	}
	if len(parts) > 1 {
		row.sequence = new(int64)
		parts[0] = row
	}
	return parts, nil
}

// deliver makes a delivery's row and its work, due at once.
func deliver(d newDelivery, lane string) []domain.Part { return deliverAt(d, lane, d.At) }

// deliverAt is deliver, due at a time.
func deliverAt(d newDelivery, lane string, due time.Time) []domain.Part {
	d.ID = domain.NewID[domain.DeliveryID](domain.PrefixDelivery)
	return []domain.Part{d, workOf(d, lane, due)}
}

func workOf(d newDelivery, lane string, due time.Time) domain.Work {
	return domain.Work{
		ID: domain.WorkID(d.ID), Kind: domain.WorkDelivery, Stream: domain.CallbackStream, Environment: d.Environment,
		Gate: hostGate(d.URL), Stage: StageDeliver, DueAt: due, FlowVersion: 1, Lane: lane,
	}
}
