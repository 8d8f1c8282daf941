package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/conformance"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Options say what is run.
type Options struct {
	// Binary is the connector's program. Required.
	Binary   string
	Requests []Request
	// Settings of the connection, JSON; default {}.
	Settings []byte
	// Environment is "sandbox", the default, or "production".
	Environment string
	// Record is a folder that keeps the vendor's exchanges, secrets redacted. It
	// must be empty or not exist.
	Record string
	// Replay is such a folder: nobody else is asked.
	Replay string
	// Vendor names the settings that hold a vendor's address, for Record and
	// Replay. Default: the one that does.
	Vendor []string
	// Each is told each answer, in the order of the requests. Required.
	Each func(Answer) error
}

// Result is what a run came to.
type Result struct {
	// Faulty counts answers that an engine would not take.
	Faulty int
	// Missing are requests to the vendor that no recording answers.
	Missing []string
	// Unused are recordings that nobody asked for.
	Unused []string
	// Log is what the connector wrote to standard error.
	Log string
}

// Run starts the connector, makes the calls one after the other and ends it. The
// error says that it could not be run; what the connector does wrong is in the
// answers.
func Run(ctx context.Context, o Options) (Result, error) {
	s, err := conformance.Open(ctx, o.Binary)
	if err != nil {
		return Result{}, err
	}
	defer s.Close()
	r := &runner{session: s, each: o.Each}
	settings, err := o.settings(s.Manifest)
	if err != nil {
		return Result{}, err
	}
	r.secrets = secretForms(s.Manifest, settings)
	stage, err := o.stage(settings, r.secrets)
	if err != nil {
		return Result{}, err
	}
	defer stage.close()
	r.connection = &connectorpb.Connection{Id: "con_rehearsal", Version: 1, Environment: o.Environment, Settings: stage.settings}
	if r.connection.Environment == "" {
		r.connection.Environment = "sandbox"
	}
	for _, request := range o.Requests {
		if err := r.ask(ctx, request); err != nil {
			return Result{}, err
		}
	}
	s.Close()
	return Result{Faulty: r.faulty, Missing: stage.missing(), Unused: stage.unused(), Log: s.Log()}, stage.err()
}

var errSettings = errors.New("settings: they are no JSON object; write one")

// settings are held against the manifest's schema, so that a slip is named
// before anything runs.
func (o Options) settings(m *schemas.Manifest) (map[string]any, error) {
	raw := o.Settings
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	schema, err := schemas.Compile(m.Settings)
	if err != nil {
		return nil, err
	}
	err = schema.Validate(raw)
	var faults *schemas.ValidationError
	if errors.As(err, &faults) {
		text := "settings: they do not fit the connector's schema:"
		for _, v := range faults.Violations {
			text += fmt.Sprintf("\n  %s: %s %s", v.Pointer, v.Detail, v.Fix)
		}
		return nil, errors.New(text)
	}
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil || tree == nil {
		return nil, errSettings
	}
	return tree, nil
}
