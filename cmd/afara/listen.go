package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/webhook"
)

// listenCmd brings an environment's events to a program on this machine. It
// asks the engine for them, so that neither needs to reach the other.
type listenCmd struct {
	apiFlags
	ForwardTo   string        `name:"forward-to" help:"Where to post each event, e.g. http://localhost:3000/callback." required:"" placeholder:"URL"`
	Events      []string      `help:"Types to forward, e.g. invoice.* or receipt.created. Default: all." placeholder:"PATTERN"`
	Since       string        `help:"Begin with what was stored since then: a time such as 2026-01-31T08:00:00Z, or so long ago, e.g. 15m. Default: with what comes from now on." placeholder:"TIME"`
	Secret      secret.Masked `help:"Signing secret (whsec_...), for one that stays. Default: a new one, which is shown." var:"AFARA_LISTEN_SECRET" placeholder:"SECRET"`
	Timeout     time.Duration `help:"How long your program may take for an answer." default:"15s"`
	AllowRemote bool          `name:"allow-remote" help:"Forward to other machines too: events hold your customers' data."`
}

// Validate checks what can be checked before anything is asked.
func (c *listenCmd) Validate() error {
	if err := c.checkURL(); err != nil {
		return err
	}
	for _, p := range c.Events {
		if _, err := schemas.ParseEventPattern(p); err != nil {
			return fmt.Errorf("events: %w", err)
		}
	}
	if c.Secret.IsSet() {
		if _, err := webhook.Sign(c.Secret.Reveal(), "check", time.Now(), nil); err != nil {
			return fmt.Errorf("secret: %w", err)
		}
	}
	_, err := c.since(time.Now())
	return err
}

func (c *listenCmd) checkURL() error {
	u, err := url.Parse(c.ForwardTo)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return errors.New("forward-to: not a URL: write it as http://localhost:3000/callback")
	case u.User != nil:
		return errors.New("forward-to: the URL holds a user name or password: remove it; events are signed instead")
	case !c.AllowRemote && !isLoopback(u.Hostname()):
		return fmt.Errorf("forward-to: %s is another machine: forward to localhost, or add --allow-remote", u.Hostname())
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// since is the zero time for "from now on".
func (c *listenCmd) since(now time.Time) (time.Time, error) {
	if c.Since == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(c.Since); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, c.Since)
	if err != nil || t.Year() < 2000 || t.After(now) {
		return time.Time{}, fmt.Errorf("since: %q is neither a time of the past nor a duration: write 2026-01-31T08:00:00Z or 15m", c.Since)
	}
	return t, nil
}

// Run forwards until ctx ends.
func (c *listenCmd) Run(ctx context.Context, p program) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	since, err := c.since(time.Now())
	if err != nil {
		return err
	}
	key := c.Secret.Reveal()
	if key == "" {
		key = webhook.NewSecret()
	}
	l := &listener{
		tail: newEventTail(api, c.Events, since), show: newListenConsole(p.out, isTerminal(p)),
		to: &forwarder{url: c.ForwardTo, secret: key, client: forwardClient(c.Timeout), now: time.Now},
	}
	l.show.banner(c, key, since)
	return l.run(ctx)
}

// forwardClient follows no redirect: the engine does not either, and whoever
// writes a receiver must see that it answered one. It uses no proxy.
func forwardClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
