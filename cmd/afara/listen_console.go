package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// listenConsole prints one line for each event and its answer. It is for one
// goroutine.
type listenConsole struct {
	*console
	since string
}

func newListenConsole(out io.Writer, colour bool) *listenConsole {
	return &listenConsole{console: newConsole(out, colour)}
}

func (c *listenConsole) banner(cmd *listenCmd, key string, since time.Time) {
	what := "all events"
	if len(cmd.Events) > 0 {
		what = strings.Join(cmd.Events, ", ")
	}
	if c.since = "now"; !since.IsZero() {
		c.since = since.Local().Format(time.RFC3339)
	}
	fmt.Fprintf(c.out, "Forwarding %s from %s to %s. Ctrl-C ends.\n\n", what, cmd.API, cmd.ForwardTo)
	fmt.Fprintf(c.out, "  %-15s %s\n\n", "signing secret", c.paint(bold, key))
	fmt.Fprintf(c.out, "Events are signed with this secret, not with those of the environment or its webhooks, and posted once.\n")
}

func (c *listenConsole) ready() {
	fmt.Fprintf(c.out, "Ready: events from %s on.\n", c.since)
}

func (c *listenConsole) away(err error) {
	c.say(red, "engine away", reason(err)+"; trying again")
}

func (c *listenConsole) back() { c.say(green, "engine back", "it answers again") }

func (c *listenConsole) say(colour, what, detail string) {
	fmt.Fprintf(c.out, "%s  %s  %s\n", c.stamp(), c.paint(colour, what), detail)
}

func (c *listenConsole) stamp() string {
	return c.paint(dim, time.Now().Format("15:04:05.000"))
}

func (c *listenConsole) forwarded(e listedEvent, a forwardAnswer) {
	status, colour, detail := "failed", red, a.body
	if a.err != nil {
		detail = reason(a.err)
	} else {
		status = fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	}
	if a.ok() {
		colour = green
	}
	line := fmt.Sprintf("%s  %-24s  %s  %s %9s  %s", c.stamp(), e.Event, e.EventID, c.paint(colour, fmt.Sprintf("%-14s", status)), millis(a.took), detail)
	fmt.Fprintln(c.out, strings.TrimRight(line, " "))
}

// reason leaves out the method and URL, which are the same on each line.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
