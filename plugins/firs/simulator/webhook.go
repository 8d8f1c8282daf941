package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

// notification is the body of the service's webhook. It carries no signature.
type notification struct {
	IRN     string `json:"irn"`
	Message string `json:"message"`
}

// announcement is what a transmission tells its sender, bent by fault.
func announcement(irn, fault string) []notification {
	notes := []notification{{irn, transmitting}, {irn, transmitted}}
	switch fault {
	case FaultWebhookNever:
		return nil
	case FaultWebhookReordered:
		slices.Reverse(notes)
	case FaultWebhookTwice:
		return []notification{notes[0], notes[0], notes[1], notes[1]}
	}
	return notes
}

// announceLater sends after the answer, in order, while the simulator is open.
func (s *Simulator) announceLater(url string, notes []notification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.webhooks.Go(func() { s.announce(url, notes) })
	}
}

// announce sends the notifications one after another; the state moves with
// them, so that confirm never lags behind a webhook. A receiver that does not
// take one is counted and not tried again (choice: repeats are not known).
func (s *Simulator) announce(url string, notes []notification) {
	for _, n := range notes {
		s.advance(n.IRN, n.Message)
		accepted := s.post(url, n)
		s.mu.Lock()
		if accepted {
			s.tally.Webhooks++
		} else {
			s.tally.WebhooksFailed++
		}
		s.mu.Unlock()
	}
}

func (s *Simulator) post(url string, n notification) bool {
	body, err := json.Marshal(n)
	if err != nil {
		return false
	}
	rq, err := http.NewRequestWithContext(s.ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	rq.Header.Set("Content-Type", "application/json")
	res, err := s.client.Do(rq)
	if err != nil {
		s.log.Debug("webhook not taken", "irn", n.IRN, "error", err)
		return false
	}
	defer func() { _ = res.Body.Close() }() // read only
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode/100 == 2
}
