package payments

import (
	"context"
	"net/http"
	"time"
)

// Option changes how a Client works. The defaults suit production.
type Option func(*options)

type options struct {
	http  *http.Client
	clock Clock
}

// timeout is longer than an operator that takes 35 s to time out.
const timeout = time.Minute

func settle(opts []Option) options {
	o := options{http: &http.Client{Timeout: timeout}, clock: wall{}}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// WithHTTPClient sets what requests are sent with; its Timeout bounds each. The
// default is an own one of 60 s. Redirects are not followed, whatever it says.
func WithHTTPClient(c *http.Client) Option { return func(o *options) { o.http = c } }

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx ends: then it answers ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// WithClock sets the clock that waits between attempts and between the questions
// of Wait. The default is the machine's.
func WithClock(c Clock) Option { return func(o *options) { o.clock = c } }

type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
