package momo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// margin is how long before its end a token is not used any more.
const margin = time.Minute

// grant is a token and how long it holds.
type grant struct {
	token string
	holds time.Duration
}

// tokens keeps the access token of one product. MTN lets several of one user
// hold side by side, so each process has its own.
type tokens struct {
	now   func() time.Time
	fetch func(context.Context) (grant, error)

	mu     sync.Mutex
	token  string
	until  time.Time
	flight *flight
}

// flight is a token being fetched, for all who wait for it.
type flight struct {
	done  chan struct{}
	grant grant
	err   error
	// givenUp says that the call that fetched ended before the fetch.
	givenUp bool
}

// get answers a token that holds, and whether it was fetched just now.
func (t *tokens) get(ctx context.Context) (token string, fresh bool, err error) {
	for {
		t.mu.Lock()
		if t.token != "" && t.now().Before(t.until) {
			token = t.token
			t.mu.Unlock()
			return token, false, nil
		}
		f, mine := t.flight, false
		if f == nil {
			f, mine = &flight{done: make(chan struct{})}, true
			t.flight = f
		}
		t.mu.Unlock()
		if mine {
			t.fly(ctx, f)
		}
		select {
		case <-ctx.Done():
			return "", false, ctx.Err()
		case <-f.done:
		}
		if f.givenUp && ctx.Err() == nil {
			continue // the call that fetched was given up, this one was not
		}
		return f.grant.token, true, f.err
	}
}

// fly fetches a token for all who wait.
func (t *tokens) fly(ctx context.Context, f *flight) {
	f.err = errors.New("the fetch of a token panicked")
	defer func() {
		t.mu.Lock()
		t.flight = nil
		if f.err == nil {
			t.token = f.grant.token
			// A token of less than two minutes is used for half its time.
			t.until = t.now().Add(max(f.grant.holds-margin, f.grant.holds/2))
		}
		t.mu.Unlock()
		close(f.done)
	}()
	f.grant, f.err = t.fetch(ctx)
	f.givenUp = f.err != nil && ctx.Err() != nil
}

// drop forgets a token that was refused, unless there is another one by now.
func (t *tokens) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token = ""
	}
}

// login fetches a token. The call has no body.
func (c *Client) login(ctx context.Context, p Product, l Login) (grant, error) {
	h := http.Header{}
	h.Set("Authorization", "Basic "+l.basic())
	h.Set("Ocp-Apim-Subscription-Key", l.SubscriptionKey)
	res, err := c.patient(ctx, httpclient.Request{
		Method: http.MethodPost, Path: "/" + string(p) + "/token/", Header: h, Effect: httpclient.Never,
	})
	if err != nil {
		return grant{}, err
	}
	v := Classify(res.Status, res.Body, false)
	if v.Class == sdk.Rejected { // the keys, not the payment that waits for the token
		v.Class, v.Code, v.Message = sdk.Unauthorized, "keys_refused", "MTN refuses the login; check subscription key, apiUser and apiKey of the product"
	}
	if v.Class != "" {
		return grant{}, c.failure(v, res, "")
	}
	g, ok := parseGrant(res.Body)
	if !ok {
		return grant{}, sdk.Unavailablef("answer_unreadable", "MTN's answer holds no access token; a proxy may stand before it")
	}
	return g, nil
}

// defaultGrant is how long a token holds that does not say.
const defaultGrant = time.Hour

func parseGrant(body []byte) (grant, bool) {
	var answer struct {
		Token   string          `json:"access_token"`
		Expires json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" {
		return grant{}, false
	}
	seconds, err := strconv.ParseInt(strings.Trim(string(answer.Expires), `"`), 10, 32)
	if err != nil || seconds <= 0 {
		return grant{answer.Token, defaultGrant}, true
	}
	return grant{answer.Token, time.Duration(seconds) * time.Second}, true
}
