package main

import (
	"context"

	"github.com/afara-dev/afara/plugins/echo/internal/registry"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// WriteBackInvoice notes at a record of the registry how the invoice that came
// from it stands. A note takes the place of the one before, so writing it twice
// is writing it once.
func (connector) WriteBackInvoice(ctx context.Context, call *sdk.Call, in schemas.WriteBackInput) error {
	client, err := clientOf(ctx, call.Connection)
	if err != nil {
		return err
	}
	return client.WriteNote(ctx, in.Target, registry.Note{
		Key: call.Key, Status: in.Status, IRN: in.IRN, QRCodeData: in.QRCodeData, SignedAt: in.SignedAt,
		PaymentStatus: in.PaymentStatus, Reason: in.Reason,
	})
}

// lookupNote says whether a record has the note that this message was to write:
// a look-up carries the key of what it looks for.
func lookupNote(ctx context.Context, client *registry.Client, call *sdk.Call, target string) (schemas.LookupOutput, error) {
	note, ok, err := client.Note(ctx, target)
	switch {
	case err != nil:
		return schemas.LookupOutput{}, err
	case !ok || note.Key != call.Key:
		return schemas.LookupOutput{Result: schemas.LookupNotFound}, nil
	default:
		return schemas.LookupOutput{Result: schemas.LookupFoundFinal}, nil
	}
}
