package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

// forwarder posts events as the engine posts them, with a secret of its own.
type forwarder struct {
	url    string
	secret string
	client *http.Client
	now    func() time.Time
}

// forwardAnswer is what a forwarded event was answered with, or why it was not.
type forwardAnswer struct {
	status int
	body   string // the beginning of an answer that is no success
	took   time.Duration
	err    error
}

func (a forwardAnswer) ok() bool { return a.err == nil && a.status/100 == 2 }

// send posts one event, once.
func (f *forwarder) send(ctx context.Context, e listedEvent) forwardAnswer {
	began := f.now()
	req, err := f.request(ctx, e, began)
	if err != nil {
		return forwardAnswer{err: err}
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return forwardAnswer{err: err, took: f.now().Sub(began)}
	}
	defer resp.Body.Close()
	answer := forwardAnswer{status: resp.StatusCode}
	begins, err := io.ReadAll(io.LimitReader(resp.Body, maxShownBody))
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	answer.err, answer.took = err, f.now().Sub(began)
	if !answer.ok() {
		answer.body = shownBody(begins)
	}
	return answer
}

// request renders the body with the bytes of data as they came.
func (f *forwarder) request(ctx context.Context, e listedEvent, at time.Time) (*http.Request, error) {
	body, err := callback.FormatAfara.Render(domain.Event{
		ID: domain.EventID(e.EventID), Type: e.Event, Organisation: domain.OrganisationID(e.BusinessID), OccurredAt: e.OccurredAt, Data: e.Data,
	}, e.Sequence)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "afara-listen")
	return req, webhook.SetHeaders(req.Header, []string{f.secret}, e.EventID, at, body)
}

// maxShownBody is how much of an answer is shown.
const maxShownBody = 200

// shownBody puts text from outside on one line without control characters,
// which could redraw the terminal.
func shownBody(raw []byte) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFFFD' {
			return ' '
		}
		return r
	}, string(raw))
	return strings.Join(strings.Fields(clean), " ")
}
