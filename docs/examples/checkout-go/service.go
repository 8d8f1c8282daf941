package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// service is the payments API.
type service struct {
	base, key, application string // the base without a slash at its end
	http                   *http.Client
}

// payment is what a checkout needs of the resource.
type payment struct {
	ID, Status string
	NetAmount  int64
}

// refusal is an answer that will not be better tomorrow.
type refusal struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

// later is an answer, or none, after which nobody knows: ask again.
type later struct {
	cause error
	wait  time.Duration
}

func (l *later) Error() string { return l.cause.Error() }

func (v service) create(ctx context.Context, o order) (payment, error) {
	body, err := json.Marshal(map[string]any{
		"amount": o.Amount, "currency": o.Currency, "msisdn": o.MSISDN, "reference": o.Reference, "application": v.application, "order_ref": o.ID,
	})
	if err != nil {
		return payment{}, err
	}
	return v.ask(ctx, http.MethodPost, "/v1/payments", body)
}

func (v service) read(ctx context.Context, id string) (payment, error) {
	return v.ask(ctx, http.MethodGet, "/v1/payments/"+id, nil)
}

func (v service) ask(ctx context.Context, method, path string, body []byte) (payment, error) {
	r, err := http.NewRequestWithContext(ctx, method, v.base+path, bytes.NewReader(body))
	if err != nil {
		return payment{}, err
	}
	r.Header.Set("Authorization", "Bearer "+v.key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := v.http.Do(r)
	if err != nil {
		return payment{}, &later{cause: err}
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	switch {
	case err != nil:
		return payment{}, &later{cause: err}
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return payment{}, &later{fmt.Errorf("the service answers %d", answer.StatusCode), time.Duration(seconds) * time.Second}
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		var no refusal
		if json.Unmarshal(raw, &no) != nil || no.Code == "" {
			no = refusal{Code: "http_" + strconv.Itoa(answer.StatusCode), Message: "not the service's answer"}
		}
		return payment{}, &no
	}
	return paymentOf(raw)
}

// paymentOf reads the id under whatever name it comes. An answer that cannot be
// read is a doubt: the payment may be there.
func paymentOf(raw []byte) (payment, error) {
	type ids struct {
		ID            string `json:"id"`
		TxID          string `json:"tx_id"`
		TxID2         string `json:"txId"`
		TransactionID string `json:"transaction_id"`
	}
	var told struct {
		ids
		Status        string
		NetAmount     int64
		Data, Payment ids
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return payment{}, &later{cause: err}
	}
	for _, id := range []string{told.ID, told.TxID, told.TxID2, told.TransactionID, told.Data.ID, told.Payment.ID} {
		if id != "" {
			return payment{ID: id, Status: told.Status, NetAmount: told.NetAmount}, nil
		}
	}
	return payment{}, &later{cause: errors.New("the answer has no transaction id")}
}
