package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/conformance"
)

// casesFile lies beside a connector.
const casesFile = "conformance.json"

// connectorCheckCmd runs the conformance kit.
type connectorCheckCmd struct {
	Binary string   `arg:"" optional:"" help:"The connector's program." type:"path"`
	Cases  string   `help:"What the connector's author says so that it can be tried. Default: conformance.json beside the program, where there is one." placeholder:"FILE" type:"path"`
	Vendor string   `help:"Address of a running stand-in of the vendor, instead of the one that the cases start." placeholder:"URL"`
	JSON   string   `name:"json" help:"Write the report as JSON to this file; - for standard output, without any other text." placeholder:"FILE"`
	Only   []string `help:"Run these checks alone, by id or its beginning: effect, effect.lost, effect.lost/invoice.sign." placeholder:"ID"`
	List   bool     `help:"List the checks and run none."`
}

var errNoBinary = errors.New("BINARY: name the connector's program, or ask for the checks with --list")

// Run prints a line for each check and one for each capability; it fails when a
// check does.
func (c *connectorCheckCmd) Run(ctx context.Context, p program) error {
	if c.List {
		return list(p.out, []string{"CHECK", "PROVES"}, conformance.Checks(), nil, func(c conformance.Check) []string {
			return []string{c.ID, c.Proves}
		})
	}
	if c.Binary == "" {
		return errNoBinary
	}
	cases, err := c.cases()
	if err != nil {
		return err
	}
	out := p.out
	if c.JSON == "-" {
		out = io.Discard
	}
	report, err := conformance.Run(ctx, conformance.Options{
		Binary: c.Binary, Cases: cases, Vendor: c.Vendor, Only: c.Only,
		Each: func(r conformance.Result) { _ = r.WriteLine(out) }, // the badges' error tells as much
	})
	if err != nil {
		return err
	}
	return c.tell(ctx, report, p.out, out)
}

// tell ends the report and says whether the connector conforms.
func (c *connectorCheckCmd) tell(ctx context.Context, r *conformance.Report, out, text io.Writer) error {
	fmt.Fprintln(text)
	err := errors.Join(r.WriteBadges(text), c.writeJSON(out, r), ctx.Err())
	if failed := len(r.Failed()); err == nil && failed > 0 {
		return fmt.Errorf("%d of %d checks failed; each says how to put it right", failed, len(r.Results))
	}
	return err
}

// cases reads the author's; nil when none are named and none lie beside the
// program.
func (c *connectorCheckCmd) cases() (*conformance.Cases, error) {
	path := c.Cases
	if path == "" {
		path = filepath.Join(filepath.Dir(c.Binary), casesFile)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
	}
	cases, err := conformance.ReadCases(path)
	var faults *schemas.ValidationError
	if errors.As(err, &faults) {
		text := path + " cannot be used:"
		for _, v := range faults.Violations {
			text += fmt.Sprintf("\n  %s: %s %s", v.Pointer, v.Detail, v.Fix)
		}
		return nil, errors.New(text)
	}
	return cases, err
}

func (c *connectorCheckCmd) writeJSON(out io.Writer, r *conformance.Report) error {
	if c.JSON == "" {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	raw = append(raw, '\n')
	if c.JSON == "-" {
		_, err = out.Write(raw)
		return err
	}
	return os.WriteFile(c.JSON, raw, 0o644)
}
