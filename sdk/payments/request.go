package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxAnswer is more than a page of a hundred payments takes.
const maxAnswer = 8 << 20

// maxPause is the longest Retry-After that is waited for; beyond it the caller
// hears at once, and decides.
const maxPause = 2 * time.Minute

// pauses are before the second to the sixth attempt, unless the answer names
// another.
var pauses = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// request is one call of the API.
type request struct {
	method, path string // the path follows /v1
	query        url.Values
	body         any
	open         bool // needs no key
	// repeatable: to ask again is harmless, because nothing changes or because
	// the reference tells a repetition.
	repeatable bool
}

// ask is do that answers what it decoded, and nothing of it with an error.
func ask[T any](ctx context.Context, c *Client, r request) (T, error) {
	var answer, none T
	if err := c.do(ctx, r, &answer); err != nil {
		return none, err
	}
	return answer, nil
}

// do sends r until it has an answer that another attempt would not better, and
// decodes it into what into points to. The error wraps an *Error or ErrNoAnswer
// unless the answer itself cannot be read.
func (c *Client) do(ctx context.Context, r request, into any) error {
	body, err := r.encode()
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		err = c.once(ctx, r, body, into)
		pause, again := pauseAfter(err, attempt)
		if !again || !r.repeatable || ctx.Err() != nil {
			return err
		}
		if stopped := c.clock.Sleep(ctx, pause); stopped != nil {
			return fmt.Errorf("%w; not asked again: %w", err, stopped)
		}
	}
}

// pauseAfter says how long to wait before the next attempt, and whether there is
// one.
func pauseAfter(err error, attempt int) (time.Duration, bool) {
	var refused *Error
	switch {
	case attempt >= len(pauses):
		return 0, false
	case errors.Is(err, ErrNoAnswer):
		return pauses[attempt], true
	case !errors.As(err, &refused) || !refused.passing() || refused.RetryAfter > maxPause:
		return 0, false
	case refused.RetryAfter > 0:
		return refused.RetryAfter, true
	default:
		return pauses[attempt], true
	}
}

func (r request) encode() ([]byte, error) {
	if r.body == nil {
		return nil, nil
	}
	body, err := json.Marshal(r.body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return body, nil
}

func (c *Client) once(ctx context.Context, r request, body []byte, into any) error {
	req, err := c.build(ctx, r, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w: %w", r.method, r.path, ErrNoAnswer, bare(err))
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		err = fmt.Errorf("%w in full: %w", ErrNoAnswer, err)
	case len(raw) > maxAnswer:
		err = fmt.Errorf("answer %d is longer than %d bytes", answer.StatusCode, maxAnswer)
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		err = errorOf(answer, raw, c.clock.Now())
	case into != nil:
		if err = json.Unmarshal(raw, into); err != nil {
			err = fmt.Errorf("answer %d is not in the contract's form: %w", answer.StatusCode, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return nil
}

func (c *Client) build(ctx context.Context, r request, body []byte) (*http.Request, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !r.open {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	return req, nil
}

// bare is what went wrong without the URL, which the request's own words name.
func bare(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
