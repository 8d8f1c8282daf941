package operation

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

const (
	// outcomeNotDone is of a call of which the look-ups said that nothing happened.
	outcomeNotDone domain.Class = "not_done"
	// minSettlesAfter is the least that a manifest's settlesAfter counts as.
	minSettlesAfter = 30 * time.Second
	// slack is how long after its deadline an answer is still waited for.
	slack = 10 * time.Second
	// maxAnswer bounds what is kept of a result; a longer one is answered once.
	maxAnswer = 1 << 20
)

// once sends a call with an effect if its key is new, and else answers what was
// recorded.
func (s *Service) once(ctx context.Context, r Request, m *schemas.Manifest, op schemas.Operation) (Answer, error) {
	if r.Key == "" {
		return Answer{}, ErrKeyRequired
	}
	for {
		kept, err := s.read(ctx, r)
		if err != nil {
			return Answer{}, err
		}
		if kept != nil {
			return s.again(ctx, r, m, op, kept)
		}
		if r.Refused != nil {
			return Answer{}, r.Refused
		}
		if !s.cfg.Connectors.Ready(r.Connection.Connector, r.Connection.Environment) {
			return Answer{}, ErrNotReady
		}
		now := s.cfg.Store.Now()
		c := &call{
			ID: domain.NewID[string]("call_"), Digest: r.digest(), SentAt: now, Deadline: now.Add(deadline(op)),
		}
		c.SettlesAt = c.Deadline.Add(max(time.Duration(op.SettlesAfter), minSettlesAfter))
		switch err := s.insert(ctx, r, c); {
		case errors.Is(err, errTaken):
			continue // a twin was faster: answer what it is answered
		case err != nil:
			return Answer{}, err
		}
		return s.send(ctx, r, op, c)
	}
}

// send makes the call, which goes on when the caller leaves: its answer is
// recorded in any case.
func (s *Service) send(ctx context.Context, r Request, op schemas.Operation, c *call) (Answer, error) {
	type ended struct {
		answer Answer
		err    error
	}
	done := make(chan ended, 1)
	s.calls.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Until(time.Now().Add(c.Deadline.Sub(c.SentAt)+slack)))
		defer cancel()
		out := s.cfg.Connectors.Invoke(ctx, domain.Call{
			Connection: r.Connection, Operation: op.Name, Key: r.vendorKey(), Document: r.Document, Parameters: r.Input, Deadline: c.Deadline,
		})
		s.pause(ctx, r, out)
		answer, err := s.settle(ctx, r, op, c, out)
		done <- ended{answer, err}
	})
	select {
	case e := <-done:
		return e.answer, e.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return Answer{}, ctx.Err()
		}
		return Answer{Status: StatusSent, Lookup: op.Lookup}, nil
	}
}

// vendorKey is the idempotency key that the connector is given: the same for
// every repetition of one request, and no other's.
func (r Request) vendorKey() string {
	return domain.HashID[string]("op_", string(r.Environment), string(r.Connection.ID), r.Operation, r.Key)
}

// settle records how a call ended. An answer that promises that nothing has
// happened and that may be another the next time frees the key.
func (s *Service) settle(ctx context.Context, r Request, op schemas.Operation, c *call, out domain.Outcome) (Answer, error) {
	answer := kept{Result: out.Result, Error: out.Error, State: out.State}
	if len(answer.Result) > maxAnswer {
		answer.Result = nil
	}
	var err error
	switch {
	case out.Class == domain.ClassUnknownOutcome:
		err = s.doubt(ctx, r, c, answer)
		if err == nil {
			return Answer{Status: StatusUnknown, Lookup: op.Lookup}, nil
		}
	case keeps(out):
		err = s.end(ctx, r, c, out.Class, answer)
	default:
		err = s.free(ctx, r, c)
	}
	if err != nil {
		s.cfg.Log.Error("record the answer of an operation", "connection", r.Connection.ID, "operation", r.Operation, "class", out.Class, "error", err)
	}
	switch out.Class {
	case domain.ClassResult:
		return Answer{Status: StatusDone, Result: out.Result}, nil
	case domain.ClassUnknownOutcome:
		return Answer{Status: StatusUnknown, Lookup: op.Lookup}, nil
	}
	return Answer{}, Refusal(out.Class, out.Error)
}

// keeps reports whether an outcome is the answer to this request for good. What
// our own check refused was never sent.
func keeps(out domain.Outcome) bool {
	switch out.Class {
	case domain.ClassResult, domain.ClassRejected, domain.ClassUnsupported:
		return true
	case domain.ClassInvalid:
		return out.Error == nil || out.Error.Code != "parameters_invalid" && out.Error.Code != "message_too_large"
	default:
		return false
	}
}

// again answers a request that was made before, and never sends it again.
func (s *Service) again(ctx context.Context, r Request, m *schemas.Manifest, op schemas.Operation, c *call) (Answer, error) {
	if c.Digest != r.digest() {
		return Answer{}, ErrKeyReused
	}
	answer, err := s.open(r, c)
	if err != nil {
		return Answer{}, err
	}
	if c.Status == statusAnswered {
		if c.Class == domain.ClassResult {
			return Answer{Status: StatusDone, Result: answer.Result, Replayed: true}, nil
		}
		return Answer{Replayed: true}, Refusal(c.Class, answer.Error)
	}
	if c.Class == "" && !s.cfg.Store.Now().After(c.Deadline.Add(slack)) {
		return Answer{Status: StatusSent, Lookup: op.Lookup, Replayed: true}, nil
	}
	return s.lookup(ctx, r, m, op, c, answer)
}

// kept is what is stored of an answer.
type kept struct {
	Result json.RawMessage        `json:"result,omitempty"`
	Error  *domain.ConnectorError `json:"error,omitempty"`
	// State is what the connector wants to be told with the look-up.
	State []byte `json:"state,omitempty"`
}
