package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// benchLoad posts from outside. At a fixed rate it is an open loop: a post is
// due at its time whether or not earlier ones were answered, and its latency
// counts from then.
type benchLoad struct {
	flags  *benchFlags
	url    string
	key    string
	thing  string // what is posted
	book   *benchBook
	client *http.Client
	run    string
	n      atomic.Int64
	// write makes a body, and names the callbacks that are to come of it.
	write func(number string) (body []byte, names []string)
	// carries is how many things are in one body.
	carries int
	// most is how many are posted in all; 0 for as many as there is time for.
	most int

	mu       sync.Mutex
	accepts  []time.Duration
	accepted int // things, not posts
	refused  map[int]int
	errs     map[string]int
}

// marker stands in a template where each thing has its number.
const marker = "BENCHNUMBER"

func newBenchLoad(h *benchHost, book *benchBook, path, thing string) *benchLoad {
	return &benchLoad{
		flags: h.flags, url: h.url + path, key: h.key, thing: thing, book: book, carries: 1, run: fmt.Sprintf("B%d", time.Now().UnixMilli()),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
			MaxIdleConnsPerHost: h.flags.Connections, MaxConnsPerHost: h.flags.Connections,
		}},
		refused: map[int]int{}, errs: map[string]int{},
	}
}

// post runs for d; only when measured do its figures count.
func (l *benchLoad) post(ctx context.Context, d time.Duration, measured bool) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	due := l.times(ctx)
	var group sync.WaitGroup
	for range l.flags.Connections {
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
		return errors.New("no " + l.thing + " was accepted: " + fmt.Sprint(l.refused, l.errs))
	}
	return nil
}

// times gives the moments at which posts are due.
func (l *benchLoad) times(ctx context.Context) <-chan time.Time {
	due := make(chan time.Time, 4096)
	go func() {
		defer close(due)
		start := time.Now()
		for i := 0; ctx.Err() == nil && (l.most == 0 || i < l.most); i++ {
			at := time.Now()
			if l.flags.Rate > 0 {
				at = start.Add(time.Duration(i*l.carries) * time.Second / time.Duration(l.flags.Rate))
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
	if l.flags.Rate == 0 {
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
	body, names := l.write(fmt.Sprintf("%sN%d", l.run, l.n.Add(1)))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		l.note(err.Error(), 0)
		return
	}
	req.Header.Set("Authorization", "Bearer "+l.key)
	req.Header.Set("Content-Type", "application/json")
	l.book.expect(names, due, measured)
	resp, err := l.client.Do(req)
	if err != nil {
		l.book.unexpect(names)
		l.note(err.Error(), 0)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		l.book.unexpect(names)
		l.note("", resp.StatusCode)
		if resp.StatusCode == http.StatusTooManyRequests {
			time.Sleep(100 * time.Millisecond) // a client that heeds Retry-After, in haste
		}
		return
	}
	now := time.Now()
	l.book.accept(names, now)
	if measured {
		l.mu.Lock()
		l.accepts = append(l.accepts, now.Sub(due))
		l.accepted += l.carries
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
