package payments

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pollEvery is the contract's.
const pollEvery = 4 * time.Second

// Wait reads a transaction every 4 s until its status is final. It is the net
// under the webhooks, not instead of them. A service that is away or asks for
// patience is asked again; any other refusal ends it. A collection that nobody
// confirms ends after about an hour: let ctx end before, if that is too long.
// Then the error wraps ctx's, and the Payment is the last one read.
func (c *Client) Wait(ctx context.Context, id string) (Payment, error) {
	r, err := getting(id)
	if err != nil {
		return Payment{}, err
	}
	r.repeatable = false // the next question is the repetition
	var last Payment
	for {
		p, err := ask[Payment](ctx, c, r)
		switch {
		case err == nil && p.Status.Final():
			return p, nil
		case err == nil:
			last = p
		case ctx.Err() != nil || !passing(err):
			return last, err
		}
		if stopped := c.clock.Sleep(ctx, max(pollEvery, asked(err))); stopped != nil {
			return last, errors.Join(fmt.Errorf("wait for %s, which is %s: %w", id, last.Status, stopped), err)
		}
	}
}

func passing(err error) bool {
	var refused *Error
	return errors.Is(err, ErrNoAnswer) || errors.As(err, &refused) && refused.passing()
}

// asked is the pause that a refusal asked for.
func asked(err error) time.Duration {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.RetryAfter
	}
	return 0
}
