package main

import (
	"context"

	"github.com/afara-dev/afara/sdk"
)

// Check proves client id and secret, country and currency with the balance, and
// has the key published that PINs are encrypted with where one is needed.
func (c *connector) Check(ctx context.Context, conn *sdk.Connection) error {
	s, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	defer s.share(ctx, conn)
	if err := s.client.Balance(ctx); err != nil {
		return err
	}
	if !s.settings.encrypts() {
		return nil
	}
	return s.client.RenewKey(ctx)
}
