package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// benchLoad posts invoices from outside. At a fixed rate it is an open loop:
// an invoice is due at its time whether or not earlier ones were answered, and
// its latency counts from then.
type benchLoad struct {
	s        *benchSystem
	client   *http.Client
	template []byte
	run      string
	n        atomic.Int64

	mu       sync.Mutex
	accepts  []time.Duration
	accepted int
	refused  map[int]int
	errs     map[string]int
}

// marker stands in the template where each invoice has its number.
const marker = "BENCHNUMBER"

func newBenchLoad(s *benchSystem) (*benchLoad, error) {
	var invoice map[string]any
	if err := json.Unmarshal(schemas.Sample(marker, time.Now().UTC().Format("2006-01-02")), &invoice); err != nil {
		return nil, err
	}
	invoice["callback_url"] = s.receiver.url
	body, err := json.Marshal(map[string]any{"invoice": invoice})
	if err != nil {
		return nil, err
	}
	return &benchLoad{
		s: s, template: body, run: fmt.Sprintf("B%d", time.Now().UnixMilli()),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
			MaxIdleConnsPerHost: s.cmd.Connections, MaxConnsPerHost: s.cmd.Connections,
		}},
		refused: map[int]int{}, errs: map[string]int{},
	}, nil
}

// post runs for d; only when measured do its figures count.
func (l *benchLoad) post(ctx context.Context, d time.Duration, measured bool) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	due := l.times(ctx)
	var group sync.WaitGroup
	for range l.s.cmd.Connections {
		group.Go(func() {
			for at := range due {
				l.one(context.WithoutCancel(ctx), at, measured)
			}
		})
	}
	group.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accepted == 0 && measured {
		return errors.New("no invoice was accepted: " + fmt.Sprint(l.refused, l.errs))
	}
	return nil
}

// times gives the moments at which invoices are due.
func (l *benchLoad) times(ctx context.Context) <-chan time.Time {
	due := make(chan time.Time, 4096)
	go func() {
		defer close(due)
		start := time.Now()
		for i := 0; ctx.Err() == nil; i++ {
			at := time.Now()
			if l.s.cmd.Rate > 0 {
				at = start.Add(time.Duration(i) * time.Second / time.Duration(l.s.cmd.Rate))
				if wait := time.Until(at); wait > 0 {
					time.Sleep(wait)
				}
			}
			select {
			case due <- at:
			case <-ctx.Done():
				return
			}
		}
	}()
	if l.s.cmd.Rate == 0 {
		return unbuffered(ctx, due)
	}
	return due
}

// unbuffered hands a moment out only when somebody is free to use it.
func unbuffered(ctx context.Context, in <-chan time.Time) <-chan time.Time {
	out := make(chan time.Time)
	go func() {
		defer close(out)
		for range in {
			select {
			case out <- time.Now():
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (l *benchLoad) one(ctx context.Context, due time.Time, measured bool) {
	number := fmt.Sprintf("%sN%d", l.run, l.n.Add(1))
	body := bytes.Replace(l.template, []byte(marker), []byte(number), 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.s.url+"/si/invoices", bytes.NewReader(body))
	if err != nil {
		l.note(err.Error(), 0)
		return
	}
	req.Header.Set("Authorization", "Bearer "+l.s.key)
	req.Header.Set("Content-Type", "application/json")
	l.s.receiver.expect(number, due, measured)
	resp, err := l.client.Do(req)
	if err != nil {
		l.s.receiver.unexpect(number)
		l.note(err.Error(), 0)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		l.s.receiver.unexpect(number)
		l.note("", resp.StatusCode)
		if resp.StatusCode == http.StatusTooManyRequests {
			time.Sleep(100 * time.Millisecond) // a client that heeds Retry-After, in haste
		}
		return
	}
	if measured {
		l.mu.Lock()
		l.accepts = append(l.accepts, time.Since(due))
		l.accepted++
		l.mu.Unlock()
	}
}

func (l *benchLoad) note(err string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != "" {
		l.errs[err]++
		return
	}
	l.refused[status]++
}
