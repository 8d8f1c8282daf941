package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/simnet/simclient"
	"github.com/afara-dev/afara/sdk"
)

// Operations are those of Moov's stand-in, for the sandbox only.
func (c *connector) Operations() map[string]sdk.Handler {
	return simclient.Operator{Name: "moov", Open: c.merchant}.OperationsWithFloat()
}

// merchant is a connection as the stand-in's network of SIMs knows it.
func (c *connector) merchant(ctx context.Context, conn *sdk.Connection) (simclient.Merchant, error) {
	s, err := c.open(ctx, conn)
	if err != nil {
		return simclient.Merchant{}, err
	}
	return simclient.Merchant{
		Client: s.client.Sandbox(), Sandbox: s.sandbox,
		Country: s.settings.Country, Currency: currency, Account: s.settings.Username,
	}, nil
}
