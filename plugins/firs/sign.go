package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// SignInvoice registers the invoice under its IRN, for good. The authority
// answers a second registration as it answers when it is busy, so that answer
// is an unknown outcome and a look-up decides.
func (c *connector) SignInvoice(ctx context.Context, call *sdk.Call, in schemas.SignInput) (schemas.SignOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.SignOutput{}, err
	}
	s.refresh(ctx) // a process that never validated still translates by meaning
	body, err := s.body(call, in.IRN)
	if err != nil {
		return schemas.SignOutput{}, err
	}
	return schemas.SignOutput{}, s.client.Sign(ctx, body)
}
