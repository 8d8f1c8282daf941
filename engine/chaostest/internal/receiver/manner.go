package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// manner is how a receiver answers.
type manner struct {
	Kind   string `json:"kind"`
	Status int    `json:"status"` // of mannerWell; 0 for 200
}

const (
	mannerWell     = ""
	mannerDown     = "down"            // nobody listens
	mannerUntrue   = "bad certificate" // of somebody whom nobody trusts
	mannerHold     = "hold"            // answers nothing until the sender is gone
	mannerSlow     = "slow"
	mannerReset    = "reset"   // drops the connection without a word
	mannerHalf     = "half"    // breaks off in the middle of the body
	mannerEndless  = "endless" // a body without end, as fast as it is read
	mannerRedirect = "redirect"
)

// slowness is how long a slow answer takes.
const slowness = 500 * time.Millisecond

func (m manner) check() error {
	switch m.Kind {
	case mannerWell, mannerDown, mannerUntrue, mannerHold, mannerSlow, mannerReset, mannerHalf, mannerEndless, mannerRedirect:
	default:
		return fmt.Errorf("kind: there is no manner %q", m.Kind)
	}
	if m.Status != 0 && (m.Status < 200 || m.Status > 599) {
		return fmt.Errorf("status: %d is not from 200 to 599", m.Status)
	}
	return nil
}

func (h *hook) answer(m manner, w http.ResponseWriter, r *http.Request) {
	switch m.Kind {
	case mannerHold:
		h.held.Add(1)
		<-r.Context().Done()
		h.held.Add(-1)
	case mannerSlow:
		select {
		case <-r.Context().Done():
		case <-time.After(slowness):
		}
	case mannerReset:
		reset(w)
		return
	case mannerHalf:
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half of it")
		panic(http.ErrAbortHandler)
	case mannerEndless:
		endless(w, r)
		return
	case mannerRedirect:
		w.Header().Set("Location", h.elsewhere)
		m.Status = http.StatusTemporaryRedirect
	}
	if m.Status == 0 {
		m.Status = http.StatusOK
	}
	w.WriteHeader(m.Status)
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func endless(w http.ResponseWriter, r *http.Request) {
	chunk := make([]byte, 32<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}
