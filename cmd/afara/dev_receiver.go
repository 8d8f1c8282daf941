package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

// signing answers the secrets that sign an environment's callbacks.
type signing interface {
	SigningSecrets(ctx context.Context, env domain.EnvironmentID) ([]string, error)
}

// receiver is an integrator's side of the demonstration: it takes callbacks
// and trusts none whose signature it has not verified.
type receiver struct {
	server *http.Server
	url    string
	done   chan struct{}
}

// callbackBody is what the console shows of a callback.
type callbackBody struct {
	EventID string `json:"eventId"`
	Event   string `json:"event"`
	Data    struct {
		ID     string `json:"id"`
		IRN    string `json:"invoice_reference_number"`
		Status string `json:"status"`
	} `json:"data"`
}

const maxCallback = 4 << 20

// startReceiver listens where the last run's callbacks still go, else on any
// free port of this machine.
func startReceiver(d *demo, secrets signing, show *console) (*receiver, error) {
	l, err := net.Listen("tcp", d.kept.Receiver)
	if d.kept.Receiver == "" || err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("receiver of callbacks: %w", err)
	}
	d.kept.Receiver = l.Addr().String()
	r := &receiver{url: "http://" + l.Addr().String() + "/callback", done: make(chan struct{})}
	r.server = &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           takeCallbacks(d.environment, secrets, show),
	}
	go func() {
		defer close(r.done)
		_ = r.server.Serve(l) // it ends when it is closed
	}()
	return r, d.save()
}

func (r *receiver) close() {
	_ = r.server.Close()
	<-r.done
}

// takeCallbacks verifies the raw bytes before it reads any of them.
func takeCallbacks(env domain.EnvironmentID, secrets signing, show *console) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxCallback))
		if err != nil {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return
		}
		known, err := secrets.SigningSecrets(req.Context(), env)
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		if err := verify(known, req.Header, body); err != nil {
			show.unverified(err)
			http.Error(w, "signature", http.StatusUnauthorized)
			return
		}
		var b callbackBody
		if err := json.Unmarshal(body, &b); err != nil {
			show.unverified(err)
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		show.received(b)
	}
}

// verify wants both signatures that a callback carries.
func verify(secrets []string, h http.Header, body []byte) error {
	return errors.Join(
		webhook.Verify(secrets, h, body, time.Now(), webhook.DefaultTolerance),
		webhook.VerifyBody(secrets, h.Get("x-signature"), body),
	)
}
