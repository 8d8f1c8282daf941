package main

import (
	"context"
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

// connector has no fields: all it knows of a connection comes with each call.
type connector struct{}

// The capabilities, so that a signature that drifted is found by the compiler
// and not by the manifest check at start.
var (
	_ sdk.Describer      = connector{}
	_ sdk.Checker        = connector{}
	_ sdk.Operator       = connector{}
	_ sdk.Puller         = connector{}
	_ sdk.WebhookHandler = connector{}
)

// Manifest answers manifest.json.
func (connector) Manifest() []byte { return manifest }

// Check proves address and key with a request that changes nothing.
func (connector) Check(ctx context.Context, c *sdk.Connection) error {
	client, err := clientOf(ctx, c)
	if err != nil {
		return err
	}
	return client.Ping(ctx)
}

// Operations are the connector's own, named with its name.
func (connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{
		"acme.send": sdk.Handle(send),
		"acme.find": sdk.Handle(find),
	}
}
