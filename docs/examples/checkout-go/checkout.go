package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strings"
	"time"
)

// origin names this application in its references: ORIGIN-OP-TS-CODE.
const origin = "SHOP"

// checkout writes the order as a draft, and only then asks for the money.
func (s *shop) checkout(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Amount           int64
		Currency, MSISDN string
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, refusal{"invalid_body", err.Error()})
		return
	}
	id := "order-" + rand.Text()
	s.put(order{
		ID: id, State: draft, Text: "We are asking your operator.", Amount: in.Amount, Currency: in.Currency, MSISDN: in.MSISDN,
		Reference: mint(id, time.Now()),
	})
	// The customer who closes the page does not end the call.
	err := s.pay(context.WithoutCancel(r.Context()), id)
	var no *refusal
	if errors.As(err, &no) {
		answer(w, http.StatusUnprocessableEntity, no)
		return
	}
	o, _ := s.get(id)
	answer(w, http.StatusAccepted, o)
}

// mint makes the reference once; it is stored with the order, so that every
// attempt sends the same one.
func mint(seed string, now time.Time) string {
	sum := sha256.Sum256([]byte(seed))
	return origin + "-PAY-" + now.UTC().Format("20060102150405") + "-" + strings.ToUpper(hex.EncodeToString(sum[:6]))
}

// pay asks for the money of an order, the first time or again: the reference
// makes both the same. A refusal rolls the draft back. Without an answer nobody
// knows whether the customer is being asked, so the draft stays, for the net.
func (s *shop) pay(ctx context.Context, id string) error {
	o, ok := s.get(id)
	if !ok {
		return nil
	}
	p, err := s.service.create(ctx, o)
	if err == nil {
		err = s.settle(id, p.ID, p.Status, p.NetAmount)
	}
	var no *refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		s.rollBack(id)
	default:
		s.doubt(id, waitOf(err))
	}
	return err
}

// poll is the net under the webhooks: it asks about every open order.
func (s *shop) poll(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, o := range s.open(now) {
				if err := s.look(ctx, o); err != nil {
					log.Printf("order %s: %v", o.ID, err)
				}
			}
		}
	}
}

func (s *shop) look(ctx context.Context, o order) error {
	if o.Transaction == "" {
		return s.pay(ctx, o.ID)
	}
	p, err := s.service.read(ctx, o.Transaction)
	if err != nil {
		s.doubt(o.ID, waitOf(err))
		return err
	}
	return s.settle(o.ID, p.ID, p.Status, p.NetAmount)
}

func waitOf(err error) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.wait
	}
	return 0
}

func (s *shop) show(w http.ResponseWriter, r *http.Request) {
	o, ok := s.get(r.PathValue("id"))
	if !ok {
		answer(w, http.StatusNotFound, refusal{"not_found", "There is no such order."})
		return
	}
	answer(w, http.StatusOK, o)
}

func (s *shop) showBooks(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, append([]entry{}, s.books...))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
