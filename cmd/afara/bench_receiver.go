package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// benchReceiver takes callbacks, times them and counts what came twice or with
// a bad signature. One QR in a hundred goes to the simulated authority, which
// decrypts it.
type benchReceiver struct {
	url     string
	server  *http.Server
	sandbox string
	secrets []string
	qrs     chan []byte

	mu         sync.Mutex
	due        map[string]expected
	seen       map[string]bool
	latencies  []time.Duration
	completed  int
	last       time.Time
	duplicates int
	invalid    int
	unsigned   int
	n          int
}

type expected struct {
	at       time.Time
	measured bool
}

func newBenchReceiver(sandbox string) (*benchReceiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &benchReceiver{
		url: "http://" + l.Addr().String() + "/callbacks", sandbox: sandbox,
		due: map[string]expected{}, seen: map[string]bool{}, qrs: make(chan []byte, 1024),
	}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = r.server.Serve(l) }()
	go r.checkQRs()
	return r, nil
}

func (r *benchReceiver) close() { _ = r.server.Close() }

func (r *benchReceiver) expect(number string, at time.Time, measured bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due[number] = expected{at, measured}
}

func (r *benchReceiver) unexpect(number string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.due, number)
}

func (r *benchReceiver) take(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	w.WriteHeader(http.StatusOK)
	if err != nil {
		return
	}
	number, id, event := between(body, `"invoice_number":"`), between(body, `"eventId":"`), between(body, `"event":"`)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if r.n%20 == 0 && webhook.Verify(r.secrets, req.Header, body, now, webhook.DefaultTolerance) != nil {
		r.invalid++
	}
	if r.seen[id] {
		r.duplicates++
		return
	}
	r.seen[id] = true
	if event != "invoice.signed" {
		r.unsigned++
	}
	if e, ok := r.due[number]; ok {
		delete(r.due, number)
		if e.measured {
			r.completed++
			r.latencies = append(r.latencies, now.Sub(e.at))
			r.last = now
		}
	}
	select {
	case r.qrs <- body:
	default:
	}
}

// between is the text from after a mark to the next quote: the receiver's
// cheap look into a body whose form it knows.
func between(body []byte, mark string) string {
	_, rest, ok := bytes.Cut(body, []byte(mark))
	if !ok {
		return ""
	}
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(text)
}

// checkQRs hands QR texts to the authority, which decrypts one in a hundred.
func (r *benchReceiver) checkQRs() {
	n := 0
	for body := range r.qrs {
		if n++; n%100 != 0 {
			continue
		}
		raw, err := json.Marshal(map[string]any{"qr": between(body, `"qr_code_data":"`), "irn": between(body, `"invoice_reference_number":"`)})
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.sandbox+"/firs/_control/qr", bytes.NewReader(raw))
		if err == nil {
			resp, err := http.DefaultClient.Do(req)
			r.noteQR(resp, err)
		}
		cancel()
	}
}

func (r *benchReceiver) noteQR(resp *http.Response, err error) {
	if err == nil {
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		r.mu.Lock()
		r.invalid++
		r.mu.Unlock()
	}
}

// open is how many expected callbacks have not come.
func (r *benchReceiver) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.due)
}
