// Command checkout-go is a shop's checkout by mobile money, with nothing but the
// standard library: copy it and put your database in the place of orders.go.
//
//	export SANDPAY_BASE_URL=http://127.0.0.1:8080 SANDPAY_API_KEY=sp_sk_test_… SANDPAY_WEBHOOK_SECRET=whsec_… SANDPAY_APPLICATION=shop
//	go run ./docs/examples/checkout-go
//	curl -sS http://127.0.0.1:3000/checkout -d '{"amount":25000,"currency":"RWF","msisdn":"+250788123456"}'
//
// The webhook's URL is /webhooks/sandpay. The order is written as a draft before
// the service is called, rolled back when the service refuses, and promoted by
// the webhook, with polling as the net.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "checkout:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It says on out where it listens.
func run(ctx context.Context, env func(string) string, out io.Writer) error {
	every, err := time.ParseDuration(orElse(env("POLL_EVERY"), "4s"))
	if err != nil {
		return err
	}
	s := &shop{
		orders: map[string]*order{},
		secret: env("SANDPAY_WEBHOOK_SECRET"),
		service: service{
			base: strings.TrimRight(env("SANDPAY_BASE_URL"), "/"), key: env("SANDPAY_API_KEY"), application: env("SANDPAY_APPLICATION"),
			// Longer than an operator that takes 35 s to time out.
			http: &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		},
	}
	if s.service.base == "" || s.service.key == "" || s.service.application == "" {
		return errors.New("set SANDPAY_BASE_URL, SANDPAY_API_KEY and SANDPAY_APPLICATION")
	}
	defer s.service.http.CloseIdleConnections()
	listener, err := net.Listen("tcp", "127.0.0.1:"+orElse(env("PORT"), "3000"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	serving, stop := context.WithCancel(ctx)
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		s.poll(serving, every)
	}()
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(serving, func() { _ = server.Close() })
	err = server.Serve(listener)
	stop()
	<-polled
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checkout", s.checkout)
	mux.HandleFunc("POST /webhooks/sandpay", s.webhook)
	mux.HandleFunc("GET /orders/{id}", s.show)
	mux.HandleFunc("GET /books", s.showBooks)
	return mux
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
