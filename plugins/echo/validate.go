package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/echo/internal/registry"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// ValidateInvoice asks the registry whether it would take the invoice.
func (connector) ValidateInvoice(ctx context.Context, call *sdk.Call, in schemas.ValidateInput) error {
	client, document, err := open(ctx, call, in.IRN)
	if err != nil {
		return err
	}
	return client.Validate(ctx, document)
}

// open gives what validating and signing both need.
func open(ctx context.Context, call *sdk.Call, irn string) (*registry.Client, registry.Document, error) {
	client, err := clientOf(ctx, call.Connection)
	if err != nil {
		return nil, registry.Document{}, err
	}
	invoice, err := call.Invoice()
	if err != nil {
		return nil, registry.Document{}, err
	}
	return client, registry.Document{
		Reference:    irn,
		IssueDate:    invoice.IssueDate,
		Currency:     invoice.DocumentCurrencyCode,
		Payable:      invoice.LegalMonetaryTotal.PayableAmount,
		TaxExclusive: invoice.LegalMonetaryTotal.TaxExclusiveAmount,
	}, nil
}
