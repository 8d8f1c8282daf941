package callback_test

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
)

// unruly is a receiver that misbehaves until it is healed, and then takes what
// comes. Its hook has only what came to it healthy.
type unruly struct {
	*hook
	url    string
	reason callback.Reason // of the attempts that fail; empty where they arrive all the same
	failed callback.Status // where a delivery stands after the first
	sick   atomic.Bool
	heal   func()
}

func newUnruly(t *testing.T, reason callback.Reason, sick http.HandlerFunc) *unruly {
	t.Helper()
	u := &unruly{hook: newHook(t), reason: reason, failed: callback.StatusPending}
	server := receiver(t, u.either(sick))
	u.sick.Store(true)
	u.url, u.heal = server.URL, func() { u.sick.Store(false) }
	return u
}

func (u *unruly) either(sick http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !u.sick.Load() {
			u.serve(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // what came of it is the test's question
		sick(w, r)
	}
}

// silent answers nothing until its caller has gone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// dripping answers at once and never ends, a byte at a time.
func dripping(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		_, _ = w.Write([]byte("."))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// endless answers at once and never ends, as fast as it is read.
func endless(w http.ResponseWriter, r *http.Request) {
	chunk := make([]byte, 32<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// resetting drops the connection without a word.
func resetting(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// half answers 200 and breaks off in the middle of the body.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte("half of it"))
	panic(http.ErrAbortHandler)
}

// halfHeader breaks off in the middle of a header.
func halfHeader(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Le")
	_ = conn.Close()
}

// babbling answers what is no HTTP.
func babbling(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n\r\n")
	_ = conn.Close()
}

// redirecting sends its callers to another server of this machine.
func redirecting(to string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

// badlyCertified has a certificate that nobody has signed. heal is the caller's:
// it gives another address.
func badlyCertified(t *testing.T) *unruly {
	t.Helper()
	u := &unruly{hook: newHook(t), reason: callback.ReasonTLS, failed: callback.StatusPending}
	server := httptest.NewUnstartedServer(http.HandlerFunc(u.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	u.url = server.URL
	return u
}

// away does not listen, and comes back at the same address.
func away(t *testing.T) *unruly {
	t.Helper()
	u := &unruly{hook: newHook(t), reason: callback.ReasonConnect, failed: callback.StatusPending}
	// An address of its own, so that nobody takes the port meanwhile.
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	l, err := net.Listen("tcp", host+":0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	u.url = "http://" + address
	u.heal = func() {
		l, err := net.Listen("tcp", address)
		must(t, err)
		server := &http.Server{Handler: http.HandlerFunc(u.serve), ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
	}
	return u
}
