package simulator

import (
	"context"
	"io"
	"net/http"
	"time"
)

const maxBody = 4 << 20

// request is one call on its way through the simulator.
type request struct {
	*http.Request
	op               *operation
	body             []byte
	irn              string
	owner            *taxpayer
	invoice          *invoice
	invoiceReference string   // of irn/validate
	settings         Settings // as they were when the call began
	fault            string   // a webhook fault, or ""

	// Bookkeeping of track.go, guarded by Simulator.mu.
	ref     *reference
	probe   bool  // no sign request was in flight when this look-up began
	signs   int64 // sign requests seen when it began, itself among them
	over    bool
	settles bool // this request's answer is why ref is settled
}

// serve is the way of every call under /api.
func (s *Simulator) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rq := &request{Request: r, op: &op}
		s.count(op.name)
		if a := s.admit(rq); a != nil {
			_ = a.write(w) // the client is gone, nobody to tell
			return
		}
		fault := s.begin(rq)
		// A client that leaves ends its request, although the work may go on.
		stop := context.AfterFunc(r.Context(), func() { s.ended(rq, nil) })
		defer stop()
		defer s.ended(rq, nil)
		a := s.perform(rq, fault)
		if a == nil {
			s.ended(rq, nil)
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		s.ended(rq, a)
		if err := a.write(w); err != nil || r.Context().Err() != nil {
			s.undelivered(rq)
		}
		if a.after != nil {
			a.after()
		}
	}
}

func (s *Simulator) count(operation string) {
	s.mu.Lock()
	s.tally.Requests[operation]++
	s.mu.Unlock()
}

// admit reads the call and checks its keys; its answer refuses it.
func (s *Simulator) admit(rq *request) *answer {
	if rq.op.early != nil {
		if a := rq.op.early(rq); a != nil {
			return a
		}
	}
	if !rq.op.open {
		owner, known := s.login(rq.Header.Get("x-api-key"), rq.Header.Get("x-api-secret"), rq.op.portal)
		if !known {
			return badKey()
		}
		rq.owner = owner
	}
	if err := rq.readBody(); err != nil {
		return refuse(handlerInvoice, "request body cannot be read", textPublic)
	}
	if rq.op.read != nil {
		return rq.op.read(rq)
	}
	return nil
}

func (rq *request) readBody() error {
	if rq.Method == http.MethodGet {
		return nil
	}
	if n := rq.ContentLength; n >= 0 && n <= maxBody {
		rq.body = make([]byte, n)
		_, err := io.ReadFull(rq.Body, rq.body)
		if err != nil {
			return err
		}
		// Reading to the end lets the server notice a client that leaves.
		_, err = rq.Body.Read(make([]byte, 1))
		if err == io.EOF {
			return nil
		}
		return err
	}
	var err error
	rq.body, err = io.ReadAll(io.LimitReader(rq.Body, maxBody))
	return err
}

// wait pauses for d; false when the simulator closes meanwhile.
func (s *Simulator) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// hang waits until the client has left.
func (s *Simulator) hang(rq *request) {
	select {
	case <-rq.Context().Done():
	case <-s.ctx.Done():
	}
}
