package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// benchReceiver takes the callbacks of invoices. One QR in a hundred goes to the
// simulated authority, which decrypts it.
type benchReceiver struct {
	*benchBook
	url      string
	server   *http.Server
	sandbox  string
	secrets  []string
	qrs      chan []byte
	unsigned atomic.Int64
}

func newBenchReceiver(sandbox string) (r *benchReceiver, err error) {
	r = &benchReceiver{benchBook: newBenchBook(), sandbox: sandbox, qrs: make(chan []byte, 1024)}
	if r.server, r.url, err = serveLoopback(r.take); err != nil {
		return nil, err
	}
	r.url += "/callbacks"
	go r.checkQRs()
	return r, nil
}

// serveLoopback serves on a free port of this machine until it is closed.
func serveLoopback(take http.HandlerFunc) (server *http.Server, url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server = &http.Server{Handler: take, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }()
	return server, "http://" + l.Addr().String(), nil
}

func (r *benchReceiver) close() { _ = r.server.Close() }

func (r *benchReceiver) take(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	w.WriteHeader(http.StatusOK)
	if err != nil {
		return
	}
	number, id, event := between(body, `"invoice_number":"`), between(body, `"eventId":"`), between(body, `"event":"`)
	first := r.arrive(number, id, now, func() error {
		return webhook.Verify(r.secrets, req.Header, body, now, webhook.DefaultTolerance)
	})
	if !first {
		return
	}
	if event != "invoice.signed" {
		r.unsigned.Add(1)
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
		r.spoiled()
	}
}
