package main

import (
	"context"

	"github.com/afara-dev/afara/sdk"
)

// Check proves the credentials with the merchant's own balance, or over REST with
// the call that is there for it.
func (c *connector) Check(ctx context.Context, conn *sdk.Connection) error {
	s, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	return s.client.Probe(ctx)
}
