package simnet

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Faulty counts a call of an operator's API and has it go wrong as injected.
// broken writes an error of the operator in its own words.
func (n *Network) Faulty(c Call, w http.ResponseWriter, r *http.Request, broken func(w http.ResponseWriter, status int), serve http.HandlerFunc) {
	n.mu.Lock()
	n.tally.requests[c.Operator+"."+c.Operation]++
	var f Fault
	if due := n.dueFault(c); due != nil {
		f = *due
	}
	n.mu.Unlock()
	switch f.Kind {
	case FaultSlow:
		if n.sleep(n.ctx, f.delay()) != nil {
			panic(http.ErrAbortHandler) // net/http's way to cut the connection
		}
		serve(w, r)
	case FaultStatus:
		fail(w, f, broken)
	case FaultStatusAfter:
		serve(&unheard{}, r)
		fail(w, f, broken)
	case FaultLost, FaultSilent:
		serve(&unheard{}, r)
		n.cut(r, f.Kind == FaultSilent)
	case FaultDrop, FaultHang:
		n.cut(r, f.Kind == FaultHang)
	default:
		serve(w, r)
	}
}

func fail(w http.ResponseWriter, f Fault, broken func(w http.ResponseWriter, status int)) {
	if f.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfterSeconds))
	}
	broken(w, f.status())
}

// cut ends the connection without an answer, at once or when the client leaves.
func (n *Network) cut(r *http.Request, patient bool) {
	if patient {
		// Only once the body is read does the server notice a client that leaves.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody))
		select {
		case <-r.Context().Done():
		case <-n.ctx.Done():
		}
	}
	panic(http.ErrAbortHandler) // net/http's way to cut the connection
}

// sleep waits for d, or for the end of a context.
func (n *Network) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unheard is where an answer goes that nobody gets.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header {
	if u.header == nil {
		u.header = http.Header{}
	}
	return u.header
}
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }
func (u *unheard) WriteHeader(int)             {}
