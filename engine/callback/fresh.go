package callback

import (
	"github.com/afara-dev/afara/engine/domain"
)

// fresh is a delivery that this process has just stored, with its event: its
// first attempt needs no reading.
type fresh struct {
	event    domain.Event
	sequence int64
	endpoint domain.EndpointID
	url      string
}

// remember looks through a committed change for events and their deliveries.
func (s *Service) remember(parts []domain.Part) {
	for i, part := range parts {
		row, ok := part.(eventRow)
		if !ok || row.sequence == nil {
			continue
		}
		event := row.asRead()
		for _, part := range parts[i+1:] {
			if d, ok := part.(newDelivery); ok && d.Event == event.ID {
				s.fresh.Keep(domain.WorkID(d.ID), fresh{event, *row.sequence, d.Endpoint, d.URL}, len(event.Data))
			}
		}
	}
}

// asRead is the event as the database gives it back, so that every attempt
// renders the same bytes.
func (e eventRow) asRead() domain.Event {
	return domain.Event{
		ID: e.ID, Environment: e.Environment, Organisation: e.Organisation, Type: e.Type, Resource: e.Resource, Data: e.Data,
		OccurredAt: domain.FromMicros(domain.Micros(e.OccurredAt)),
	}
}

// recall makes the deliveries that are remembered and answers the rows that must
// be read.
func (s *Service) recall(rows []domain.Work) (known map[domain.WorkID]*Delivery, unknown []domain.Work) {
	known = make(map[domain.WorkID]*Delivery, len(rows))
	for _, w := range rows {
		f, ok := s.fresh.Take(w)
		if !ok {
			unknown = append(unknown, w)
			continue
		}
		known[w.ID] = &Delivery{work: w, event: f.event, sequence: f.sequence, url: f.url, endpointID: f.endpoint}
	}
	return known, unknown
}
