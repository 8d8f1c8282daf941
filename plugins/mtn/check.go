package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/sdk"
)

// Check proves the keys of each product with its balance: that needs the
// subscription key, the API user and the target environment.
func (c *connector) Check(ctx context.Context, conn *sdk.Connection) error {
	s, err := c.open(ctx, conn)
	if err != nil {
		return err
	}
	for _, p := range []momo.Product{momo.Collection, momo.Disbursement} {
		if !s.client.Has(p) {
			continue
		}
		if err := s.client.Balance(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
