package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// PrepareInvoice makes the IRN, always the same of the same key and date, and
// the text of the QR code. The latter differs at each call: the authority's
// padding is random, so the first one is the one to keep.
func (c *connector) PrepareInvoice(ctx context.Context, call *sdk.Call, in schemas.PrepareInput) (schemas.PrepareOutput, error) {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return schemas.PrepareOutput{}, err
	}
	irn, err := s.template.Format(in.ReferenceKey, in.IssueDate)
	if err != nil {
		return schemas.PrepareOutput{}, sdk.Invalidf("irn_impossible", "%w", err)
	}
	text, err := s.keys.Stamp(irn, c.now())
	if err != nil {
		return schemas.PrepareOutput{}, sdk.Misconfiguredf("stamp_impossible", "%w", err)
	}
	return schemas.PrepareOutput{IRN: irn, QRCodeData: text}, nil
}
