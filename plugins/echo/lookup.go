package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/echo/internal/registry"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// LookupInvoice says whether the registry has this invoice, and whether it is
// ours: the same reference with other amounts is somebody else's.
func (connector) LookupInvoice(ctx context.Context, call *sdk.Call, in schemas.LookupInput) (schemas.LookupOutput, error) {
	if in.Operation != schemas.OpInvoiceSign && in.Operation != schemas.OpInvoiceWriteBack {
		return schemas.LookupOutput{Result: schemas.LookupCannotTell}, nil
	}
	client, err := clientOf(ctx, call.Connection)
	if err != nil {
		return schemas.LookupOutput{}, err
	}
	if in.Operation == schemas.OpInvoiceWriteBack {
		return lookupNote(ctx, client, call, in.Target)
	}
	found, ok, err := client.Find(ctx, in.IRN)
	switch {
	case err != nil:
		return schemas.LookupOutput{}, err
	case !ok:
		return schemas.LookupOutput{Result: schemas.LookupNotFound}, nil
	}
	if differences := compare(in, found); len(differences) > 0 {
		return schemas.LookupOutput{Result: schemas.LookupFoundDifferent, Differences: differences}, nil
	}
	return schemas.LookupOutput{Result: schemas.LookupFoundFinal}, nil
}

func compare(in schemas.LookupInput, found registry.Document) []schemas.Difference {
	var out []schemas.Difference
	differ := func(field, expected, got string, same bool) {
		if !same {
			out = append(out, schemas.Difference{Field: field, Expected: expected, Found: got})
		}
	}
	differ("payable", in.Total.Payable.String(), found.Payable.String(), in.Total.Payable.Equal(found.Payable))
	differ("taxExclusive", in.Total.TaxExclusive.String(), found.TaxExclusive.String(), in.Total.TaxExclusive.Equal(found.TaxExclusive))
	differ("currency", in.Total.Currency, found.Currency, in.Total.Currency == found.Currency)
	differ("issueDate", in.IssueDate, found.IssueDate, in.IssueDate == found.IssueDate)
	return out
}
