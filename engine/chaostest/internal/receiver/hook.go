package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// quiet swallows what net/http says of connections that are broken on purpose.
var quiet = log.New(io.Discard, "", 0)

// hook takes webhooks. It listens at one address, unless it is down.
type hook struct {
	record       *record
	certificates *certificates // nil without TLS
	elsewhere    string        // where it redirects to
	followed     atomic.Int64  // requests that came there
	held         atomic.Int64  // requests that stand here unanswered

	mu      sync.Mutex
	address string
	server  *http.Server // nil while down
	manner  manner
}

// open listens; at the address that it had, if it had one.
func (h *hook) open(address string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	h.address = l.Addr().String()
	if h.certificates != nil {
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: h.certificate})
	}
	h.server = server(http.HandlerFunc(h.take))
	go func(s *http.Server) { _ = s.Serve(l) }(h.server) // it ends when it is closed
	return nil
}

// shut drops all connections, and refuses new ones.
func (h *hook) shut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		_ = h.server.Close()
		h.server = nil
	}
}

func (h *hook) url() string {
	if h.certificates != nil {
		return "https://" + h.address
	}
	return "http://" + h.address
}

func (h *hook) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender died while sending; it comes again
	}
	m := h.now()
	if err := h.record.keep(r.Header, body, m.Kind); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h.answer(m, w, r)
}

func (h *hook) now() manner {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.manner
}

// behave changes how it answers from now on.
func (h *hook) behave(m manner) error {
	h.mu.Lock()
	h.manner = m
	address := h.address
	h.mu.Unlock()
	if m.Kind == mannerDown || h.certificates != nil {
		h.shut() // a connection that is kept shows no other certificate
	}
	if m.Kind == mannerDown {
		return nil
	}
	return h.open(address)
}
