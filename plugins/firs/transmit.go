package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// TransmitInvoice hands a registered invoice to the exchange between access
// points. How it goes on there, a later look-up or the authority's webhook
// tells.
func (c *connector) TransmitInvoice(ctx context.Context, call *sdk.Call, in schemas.TransmitInput) (schemas.TransmitOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.TransmitOutput{}, err
	}
	if err := s.client.Transmit(ctx, in.IRN); err != nil {
		return schemas.TransmitOutput{}, err
	}
	return schemas.TransmitOutput{TransmissionStatus: schemas.TransmissionTransmitting}, nil
}
