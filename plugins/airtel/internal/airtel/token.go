package airtel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Token is an access token as processes share it. The zero value is none.
type Token struct {
	Text  string    `json:"token"`
	Until time.Time `json:"until"` // when it is not used any more
	Of    string    `json:"of"`    // names the login that it was given to
}

// grant is a token and how long it holds.
type grant struct {
	token string
	holds time.Duration
}

// tokens keeps the access token.
type tokens struct {
	now   func() time.Time
	of    string
	fetch func(context.Context) (grant, error)

	mu     sync.Mutex
	token  string
	until  time.Time
	news   bool // it was fetched here, and nobody has shared it yet
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

// begin takes a token that another process fetched, if it is of the same login:
// one of former settings would prove those.
func (t *tokens) begin(shared Token) {
	if shared.Of == t.of {
		t.token, t.until = shared.Text, shared.Until
	}
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
			t.token, t.news = f.grant.token, true
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

// FetchedToken gives a token that was fetched since the last call of this, so
// that it is shared once; false when there is none.
func (c *Client) FetchedToken() (Token, bool) {
	t := c.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	news := t.news && t.token != ""
	t.news = false
	return Token{t.token, t.until, t.of}, news
}

// login names what a token is given to, without telling it.
func (c Config) login() string {
	sum := sha256.Sum256([]byte(c.BaseURL + "\n" + c.ClientID + "\n" + c.ClientSecret))
	return hex.EncodeToString(sum[:8])
}

// logIn fetches a token.
func (c *Client) logIn(ctx context.Context) (grant, error) {
	r, err := httpclient.JSON(http.MethodPost, "/auth/oauth2/token", map[string]string{
		"client_id": c.config.ClientID, "client_secret": c.config.ClientSecret, "grant_type": "client_credentials",
	})
	if err != nil {
		return grant{}, err
	}
	r.Effect = httpclient.Never
	res, err := c.patient(ctx, r)
	if err != nil {
		return grant{}, err
	}
	v := Classify(res.Status, res.Body, false)
	if v.Class == sdk.Rejected { // the keys, not the payment that waits for the token
		v.Class, v.Code, v.Message = sdk.Unauthorized, "keys_refused", "Airtel refuses the login; check clientId and clientSecret"
	}
	if v.Class != "" {
		return grant{}, c.failure(v, res, "")
	}
	g, ok := parseGrant(res.Body)
	if !ok {
		return grant{}, sdk.Unavailablef("answer_unreadable", "Airtel's answer holds no access token; a proxy may stand before it")
	}
	return g, nil
}

// defaultGrant is how long a token holds that does not say: as long as in
// Airtel's test system.
const defaultGrant = 3 * time.Minute

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
