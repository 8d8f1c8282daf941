package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// ValidateInvoice asks the authority for its opinion; it registers nothing.
// Here, where no effect is at stake, the code lists are kept fresh.
func (c *connector) ValidateInvoice(ctx context.Context, call *sdk.Call, in schemas.ValidateInput) error {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return err
	}
	s.refresh(ctx)
	body, err := s.body(call, in.IRN)
	if err != nil {
		return err
	}
	if err := s.client.Validate(ctx, body); err != nil {
		return err
	}
	s.bodies.Keep(bodyKey(call, in.IRN), body)
	return nil
}
