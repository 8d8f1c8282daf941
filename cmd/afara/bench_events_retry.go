package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

const (
	// retryAfter is the schedule whose keeping is measured, and retryLate how
	// late its 99th percentile may be: a tenth.
	retryAfter = 2 * time.Second
	retryLate  = retryAfter / 10
	// retryRate is how many attempts are refused each second.
	retryRate = 50
	// retryEventType is another than that of the load.
	retryEventType = "customer.updated"
)

// retryReceiver refuses every second event at its first attempt and notes when
// the second comes. It does not refuse each: a host of which nothing but
// failures come is left alone for a while.
type retryReceiver struct {
	*benchBook
	url    string
	server *http.Server
	secret string

	mu      sync.Mutex
	events  int
	refused map[string]time.Time // by event id, until it comes again
	waits   []time.Duration
}

func newRetryReceiver() (r *retryReceiver, err error) {
	r = &retryReceiver{benchBook: newBenchBook(), refused: map[string]time.Time{}}
	r.server, r.url, err = serveLoopback(r.take)
	return r, err
}

func (r *retryReceiver) close() {
	if r.server != nil {
		_ = r.server.Close()
	}
}

func (r *retryReceiver) take(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := between(body, `"eventId":"`)
	if r.refuse(id, now) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
	r.arrive(between(body, `"customerId":"`), id, now, func() error {
		return webhook.Verify([]string{r.secret}, req.Header, body, now, webhook.DefaultTolerance)
	})
}

// refuse says whether an event is refused. The wait of one that was counts from
// before it was answered, so that none seems to come early.
func (r *retryReceiver) refuse(id string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, again := r.refused[id]; again {
		delete(r.refused, id)
		r.waits = append(r.waits, now.Sub(at))
		return false
	}
	r.events++
	if r.events%2 == 0 {
		return false
	}
	r.refused[id] = time.Now()
	return true
}

// retryFigures are what the retries of a run showed.
type retryFigures struct {
	waits []time.Duration
	lost  int // events that were refused and did not come again, or never came
}

// retries publishes twice as many events as are to be refused, in a phase of
// its own, and waits until all have arrived.
func (s *benchEvents) retries(ctx context.Context) (retryFigures, error) {
	if s.cmd.Retries == 0 {
		return retryFigures{}, nil
	}
	receiver, err := newRetryReceiver()
	if err != nil {
		return retryFigures{}, err
	}
	defer receiver.close()
	receiver.secret, err = s.register(ctx, map[string]any{
		"url": receiver.url, "events": []string{retryEventType}, "description": "bench of retries",
		"retryPolicy": map[string]any{"schedule": []int{int(retryAfter / time.Second)}},
	})
	if err != nil {
		return retryFigures{}, err
	}
	template, err := eventTemplate(retryEventType, "customerId")
	if err != nil {
		return retryFigures{}, err
	}
	load := newBenchLoad(s.benchHost, receiver.benchBook, "/v1/events", "event")
	flags := *s.flags
	flags.Rate = 2 * retryRate
	load.flags = &flags
	load.write = func(number string) ([]byte, []string) {
		return bytes.Replace(template, []byte(marker), []byte(number), 1), []string{number}
	}
	if err := load.post(ctx, time.Duration(s.cmd.Retries)*time.Second/retryRate, true); err != nil {
		return retryFigures{}, fmt.Errorf("publish what is to be refused: %w", err)
	}
	s.drain(ctx, receiver.benchBook)
	receiver.mu.Lock()
	defer receiver.mu.Unlock()
	return retryFigures{waits: slices.Clone(receiver.waits), lost: receiver.open()}, nil
}

// early counts retries that came before their time, and within those that came
// from then on and at most a tenth late.
func (f retryFigures) early() (n int) {
	for _, d := range f.waits {
		if d < retryAfter {
			n++
		}
	}
	return n
}

func (f retryFigures) within() (n int) {
	for _, d := range f.waits {
		if d >= retryAfter && d <= retryAfter+retryLate {
			n++
		}
	}
	return n
}

func (f retryFigures) print(w io.Writer) {
	if len(f.waits) == 0 {
		return
	}
	fmt.Fprintf(w, "\nretry after %s      p50       p90       p99       max\n", retryAfter)
	fmt.Fprintf(w, "answer to retry    %s\n", percentiles(f.waits))
	fmt.Fprintf(w, "%d retries: %.1f %% at most a tenth late, %d early, %d lost\n",
		len(f.waits), 100*float64(f.within())/float64(len(f.waits)), f.early(), f.lost)
}

// gate holds the retries against the promise. That none came would prove
// nothing, so it fails too.
func (f retryFigures) gate() error {
	if len(f.waits) == 0 {
		return errors.New("no retry was measured")
	}
	var errs []error
	if late, most := percentile(f.waits, .99), retryAfter+retryLate; late > most {
		errs = append(errs, fmt.Errorf("a retry after %s came after %s (p99), at most %s", retryAfter, late.Round(time.Millisecond), most))
	}
	if n := f.early(); n > 0 || f.lost > 0 {
		errs = append(errs, fmt.Errorf("%d retries came early, %d events were lost", n, f.lost))
	}
	return errors.Join(errs...)
}
