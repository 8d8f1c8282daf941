package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// SignInvoice registers the invoice: the one operation here with an effect. The
// registry refuses a reference that it knows; that refusal says nothing about
// whose registration it knows, so the client answers unknown_outcome and the
// engine looks it up.
func (connector) SignInvoice(ctx context.Context, call *sdk.Call, in schemas.SignInput) (schemas.SignOutput, error) {
	client, document, err := open(ctx, call, in.IRN)
	if err != nil {
		return schemas.SignOutput{}, err
	}
	receipt, err := client.Register(ctx, document, call.Key)
	if err != nil {
		return schemas.SignOutput{}, err
	}
	return schemas.SignOutput{SignedAt: receipt.RegisteredAt}, nil
}
