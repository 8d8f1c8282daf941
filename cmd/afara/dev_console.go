package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/pipeline"
)

// console shows the way of each invoice, one short line per step. Its methods
// may be called from many goroutines.
type console struct {
	out    io.Writer
	colour bool

	mu    sync.Mutex
	since map[string]time.Time // when an unfinished invoice was accepted
}

// maxSince bounds what is remembered for the last column.
const maxSince = 10_000

func newConsole(out io.Writer, colour bool) *console {
	return &console{out: out, colour: colour, since: map[string]time.Time{}}
}

// isTerminal reports whether lines go to a person who wants colours.
func isTerminal(p program) bool {
	f, ok := p.out.(*os.File)
	if !ok {
		return false
	}
	if v, set := p.env("NO_COLOR"); set && v != "" {
		return false
	}
	if term, _ := p.env("TERM"); term == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Colours of a terminal.
const (
	green = "32"
	red   = "31"
	dim   = "2"
	bold  = "1"
)

func (c *console) paint(code, text string) string {
	if !c.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// line prints one step of a resource.
func (c *console) line(resource, step, colour string, took time.Duration, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(resource, step, colour, took, detail)
}

func (c *console) write(resource, step, colour string, took time.Duration, detail string) {
	at := c.paint(dim, time.Now().Format("15:04:05.000"))
	fmt.Fprintf(c.out, "%s  %-30s  %s %9s  %s\n", at, resource, c.paint(colour, fmt.Sprintf("%-10s", step)), millis(took), detail)
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// accepted shows an invoice that is stored: from here it cannot be lost. What
// else is accepted, such as a webhook, is not on the way of an invoice.
func (c *console) accepted(a ingest.Accepted) {
	var shown struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		Invoice struct {
			Number string `json:"invoice_number"`
		} `json:"invoice"`
	}
	if json.Unmarshal(a.Answer, &shown) != nil || shown.ID == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.since) >= maxSince {
		clear(c.since)
	}
	c.since[shown.ID] = time.Now()
	detail := strings.TrimSpace(shown.Status + " " + shown.Invoice.Number)
	c.write(shown.ID, "accepted", green, a.Took, detail)
}

// called shows a finished call of a connector.
func (c *console) called(o pipeline.Observation) {
	if o.Class == domain.ClassResult && o.Verdict == "wait" {
		c.line(o.Resource, "pending", green, o.Took, "at "+o.Connector)
		return
	}
	if o.Class == domain.ClassResult {
		c.line(o.Resource, done(o.Stage), green, o.Took, "by "+o.Connector)
		return
	}
	c.line(o.Resource, string(o.Stage), red, o.Took, fmt.Sprintf("%s answered %s, the message: %s", o.Connector, o.Class, o.Verdict))
}

// done is the word for a stage that has been gone through.
func done(stage domain.Stage) string {
	switch s := string(stage); {
	case strings.HasSuffix(s, "e"):
		return s + "d"
	case strings.HasSuffix(s, "t"): // submit
		return s + "ted"
	default:
		return s + "ed"
	}
}

// attempted shows a callback that did not arrive; the receiver shows the others.
func (c *console) attempted(a callback.Attempted) {
	if a.Status == callback.StatusDelivered {
		return
	}
	c.line(a.Event.Resource, "callback", red, a.Result.Duration, fmt.Sprintf("attempt %d of %s: %s, then: %s", a.Number, a.Event.Type, a.Result.Reason, a.Status))
}

// received shows a callback that has arrived and verified.
func (c *console) received(b callbackBody) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var took time.Duration
	if since, ok := c.since[b.Data.ID]; ok {
		took = time.Since(since)
		delete(c.since, b.Data.ID)
	}
	detail := b.Event + ", signature verified"
	if b.Data.IRN != "" {
		detail += ", IRN " + b.Data.IRN
	}
	c.write(b.Data.ID, "callback", green, took, detail)
}

// unverified shows a callback that was refused.
func (c *console) unverified(err error) {
	c.line("?", "callback", red, 0, "refused: "+err.Error())
}

// banner says where all is and how to begin. It shows the secrets of the
// demonstration's own sandbox environment, and no others.
func (c *console) banner(ctx context.Context, d *demo, api, sandbox, receiver string, now time.Time) {
	secrets, err := d.engine.Tenants.SigningSecrets(ctx, d.environment)
	shown := "(unreadable)"
	if err == nil && len(secrets) > 0 {
		shown = secrets[0]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "Afara is running. Ctrl-C stops everything.\n\n")
	for _, row := range [][2]string{
		{"API", api}, {"sandbox", sandbox + " (stand-ins of the vendors)"}, {"receiver", receiver + " (verifies callbacks)"},
		{"phones", sandbox + "/simnet/ (of the test clients; payments of MTN go there)"},
		{"API key", d.kept.Key}, {"signing secret", shown},
	} {
		fmt.Fprintf(c.out, "  %-15s %s\n", row[0], c.paint(bold, row[1]))
	}
	fmt.Fprintf(c.out, "\nThis sandbox environment may call back to this machine by plain http; others may not.\n")
	fmt.Fprintf(c.out, "Post an invoice from another terminal:\n\n%s\n\n", curlLine(api, d.kept.Key, receiver, now))
	fmt.Fprintf(c.out, "Or ask a customer for money, and answer on the phone (PIN 1234):\n\n%s\n\n", payLine(api, d.kept.Key))
}
