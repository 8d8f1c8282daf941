package om

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// margin is how long before its end a token is not used any more.
const margin = time.Minute

// Grant is an access token as all nodes share it.
type Grant struct {
	Token string `json:"accessToken"`
	// Until is the last second (Unix) in which it is used.
	Until int64 `json:"until"`
	// Of says for which credentials it was granted.
	Of string `json:"of"`
}

func (g Grant) holds(now time.Time) bool { return g.Token != "" && now.Unix() < g.Until }

// owner names the credentials without telling them.
func (c Config) owner() string {
	sum := sha256.Sum256([]byte(c.BaseURL + "\n" + c.TokenPath + "\n" + c.ClientID + "\n" + c.ClientSecret))
	return hex.EncodeToString(sum[:8])
}

// tokens keeps the access token. Orange counts how often it is asked for one, so
// that those who need one at the same time wait for the same.
type tokens struct {
	now   func() time.Time
	fetch func(context.Context) (Grant, error)

	mu     sync.Mutex
	grant  Grant
	flight *flight
}

// flight is a token being fetched, for all who wait for it.
type flight struct {
	done  chan struct{}
	grant Grant
	err   error
	// givenUp says that the call that fetched ended before the fetch.
	givenUp bool
}

func (t *tokens) held() Grant {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.grant
}

// get answers a token that holds, and whether it was fetched just now.
func (t *tokens) get(ctx context.Context) (token string, fresh bool, err error) {
	for {
		t.mu.Lock()
		if t.grant.holds(t.now()) {
			token = t.grant.Token
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
		return f.grant.Token, true, f.err
	}
}

// fly fetches a token for all who wait.
func (t *tokens) fly(ctx context.Context, f *flight) {
	f.err = errors.New("the fetch of a token panicked")
	defer func() {
		t.mu.Lock()
		t.flight = nil
		if f.err == nil {
			t.grant = f.grant
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
	if t.grant.Token == refused {
		t.grant = Grant{}
	}
}

// login fetches a token.
func (c *Client) login(ctx context.Context) (Grant, error) {
	r := httpclient.Form(c.config.TokenPath, url.Values{"grant_type": {"client_credentials"}})
	r.Effect, r.Header = httpclient.Never, http.Header{"Authorization": {"Basic " + c.config.basic()}}
	res, err := c.patient(ctx, r)
	if err != nil {
		return Grant{}, err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return Grant{}, c.failure(v, res, "")
	}
	token, holds, ok := parseGrant(res.Body)
	if !ok {
		return Grant{}, sdk.Unavailablef("answer_unreadable", "Orange's answer holds no access token; a proxy may stand before it")
	}
	// A token of less than two minutes is used for half its time.
	until := c.config.Now().Add(max(holds-margin, holds/2))
	return Grant{token, until.Unix(), c.config.owner()}, nil
}

// defaultHold is how long a token holds that does not say.
const defaultHold = time.Hour

// parseGrant reads expires_in as a number and as a text: clients have seen both.
func parseGrant(body []byte) (token string, holds time.Duration, ok bool) {
	var answer struct {
		Token   string          `json:"access_token"`
		Expires json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" {
		return "", 0, false
	}
	seconds, err := strconv.ParseInt(strings.Trim(string(answer.Expires), `"`), 10, 32)
	if err != nil || seconds <= 0 {
		return answer.Token, defaultHold, true
	}
	return answer.Token, time.Duration(seconds) * time.Second, true
}
