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
	_ sdk.Describer          = connector{}
	_ sdk.Checker            = connector{}
	_ sdk.InvoicePreparer    = connector{}
	_ sdk.InvoiceValidator   = connector{}
	_ sdk.InvoiceSigner      = connector{}
	_ sdk.InvoiceLookuper    = connector{}
	_ sdk.InvoiceWriteBacker = connector{}
	_ sdk.Operator           = connector{}
	_ sdk.Puller             = connector{}
	_ sdk.WebhookHandler     = connector{}
)

// Manifest answers manifest.json.
func (connector) Manifest() []byte { return manifest }

// Check proves address and key with a call that changes nothing.
func (connector) Check(ctx context.Context, c *sdk.Connection) error {
	client, err := clientOf(ctx, c)
	if err != nil {
		return err
	}
	return client.Ping(ctx)
}
