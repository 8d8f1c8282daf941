package conformance

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Session is a connector's process, started as a host does, for whoever calls it
// by hand.
type Session struct {
	// Calls are the five of the contract.
	Calls connectorpb.ConnectorClient
	// Manifest is what the process says of itself.
	Manifest *schemas.Manifest

	process *process
	end     func()
}

// Open starts the program and reads its manifest.
func Open(ctx context.Context, binary string) (*Session, error) {
	o, err := Options{Binary: binary}.filled()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(o.Binary, 1)
	if err != nil {
		return nil, err
	}
	raw, err := p.describe(ctx)
	if err != nil {
		p.kill()
		return nil, p.explain(err)
	}
	m, err := schemas.ParseManifest(raw)
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return &Session{Calls: p.calls, Manifest: m, process: p, end: sync.OnceFunc(p.end)}, nil
}

// Log is what the process has written to standard error so far; all of it after
// Close.
func (s *Session) Log() string { return s.process.run.stderr.String() }

// Close asks the process to end, and ends it when it does not. It may be called
// twice.
func (s *Session) Close() { s.end() }

func (p *process) end() {
	p.run.signal(syscall.SIGTERM)
	p.run.endsWithin(endLimit)
	p.kill()
}
