package main

import (
	"context"

	"github.com/afara-dev/afara/sdk"
)

// Check proves client id and secret with a new access token, and that the API is
// open to them with a question that changes nothing. Whether Orange takes the
// merchant key, only a payment shows.
func (c *connector) Check(ctx context.Context, conn *sdk.Connection) error {
	s, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	if err := s.client.Prove(ctx); err != nil {
		return err
	}
	return s.share(conn)
}
