package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/afara-dev/afara/sdk/rehearsal"
)

// connectorRunCmd runs a connector without an engine.
type connectorRunCmd struct {
	Binary      string   `arg:"" help:"The connector's program." type:"path"`
	Requests    string   `help:"One JSON object a line: an operation with key, parameters, document and state, or check, pull or webhook; - for standard input." required:"" placeholder:"FILE"`
	Settings    string   `help:"Settings of the connection, a JSON object." placeholder:"FILE" type:"path"`
	Environment string   `help:"sandbox or production." default:"sandbox" enum:"sandbox,production"`
	Record      string   `help:"Keep what the vendor was asked and answered in this new folder, secrets redacted." placeholder:"DIR" type:"path" xor:"vendor"`
	Replay      string   `help:"Answer from such a folder, without any network." placeholder:"DIR" type:"path" xor:"vendor"`
	Vendor      []string `help:"Settings that hold the vendor's address. Default: the one that does." placeholder:"SETTING"`
	Log         bool     `help:"Show the connector's log on standard error at the end."`
}

// Run prints an answer for each request, as a line of JSON.
func (c *connectorRunCmd) Run(ctx context.Context, p program) error {
	requests, err := c.requests()
	if err != nil {
		return err
	}
	var settings []byte
	if c.Settings != "" {
		if settings, err = os.ReadFile(c.Settings); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
	}
	lines := json.NewEncoder(p.out)
	lines.SetEscapeHTML(false)
	result, err := rehearsal.Run(ctx, rehearsal.Options{
		Binary: c.Binary, Requests: requests, Settings: settings, Environment: c.Environment,
		Record: c.Record, Replay: c.Replay, Vendor: c.Vendor,
		Each: func(a rehearsal.Answer) error { return lines.Encode(a) },
	})
	if err != nil {
		return err
	}
	return c.tell(p.err, result)
}

func (c *connectorRunCmd) requests() ([]rehearsal.Request, error) {
	if c.Requests == "-" {
		return rehearsal.ReadRequests(os.Stdin)
	}
	f, err := os.Open(c.Requests)
	if err != nil {
		return nil, fmt.Errorf("requests: %w", err)
	}
	defer f.Close()
	return rehearsal.ReadRequests(f)
}

// tell says what the answers do not, and whether all went well.
func (c *connectorRunCmd) tell(w io.Writer, r rehearsal.Result) error {
	if c.Log {
		fmt.Fprint(w, r.Log)
	}
	for _, file := range r.Unused {
		fmt.Fprintf(w, "replay: nobody asked for %s\n", file)
	}
	var err error
	for _, missing := range r.Missing {
		err = errors.Join(err, fmt.Errorf("replay: %s", missing))
	}
	if r.Faulty > 0 {
		err = errors.Join(err, fmt.Errorf("%d answers have faults; an engine would not take them", r.Faulty))
	}
	return err
}
