package main

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// How often the engine is asked.
const (
	pollIdle  = 500 * time.Millisecond
	pollBusy  = 100 * time.Millisecond // after a poll that found something
	maxAway   = 10 * time.Second       // between attempts while the engine is away
	maxRetryA = time.Minute            // the longest Retry-After that is waited for
)

// listener forwards one event after the other, in the order in which it finds
// them.
type listener struct {
	tail *eventTail
	to   *forwarder
	show *listenConsole

	begun bool
	away  time.Duration // the wait before the next attempt; 0 while the engine answers
}

// run ends without an error when ctx does, at once.
func (l *listener) run(ctx context.Context) error {
	for ctx.Err() == nil {
		found, err := l.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && l.final(err):
			return err
		case err != nil:
			rest(ctx, l.backOff(err))
		default:
			l.answered()
			rest(ctx, pause(found))
		}
	}
	return nil
}

func (l *listener) poll(ctx context.Context) (found int, err error) {
	if !l.begun {
		if err := l.tail.begin(ctx); err != nil {
			return 0, err
		}
		l.begun = true
		l.show.ready()
	}
	return l.tail.next(ctx, func(e listedEvent) { l.forward(ctx, e) })
}

func (l *listener) forward(ctx context.Context, e listedEvent) {
	answer := l.to.send(ctx, e)
	if ctx.Err() == nil {
		l.show.forwarded(e, answer)
	}
}

// final reports whether no later attempt can do better: the key is refused, or
// the first request is wrong. Later on even a 404 may be a proxy whose engine is
// away.
func (l *listener) final(err error) bool {
	var answer *apiError
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return !l.begun && answer.status < http.StatusInternalServerError
}

// backOff is the wait before the next attempt.
func (l *listener) backOff(err error) time.Duration {
	if l.away == 0 {
		l.show.away(err)
	}
	l.away = min(max(2*l.away, pollIdle), maxAway)
	var answer *apiError
	if errors.As(err, &answer) {
		return max(l.away, min(answer.retryAfter, maxRetryA))
	}
	return l.away
}

func (l *listener) answered() {
	if l.away > 0 {
		l.show.back()
	}
	l.away = 0
}

func pause(found int) time.Duration {
	if found > 0 {
		return pollBusy
	}
	return pollIdle
}

// rest waits for d, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
