package main

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// PrepareInvoice makes the reference of the reserved key and the date alone, so
// that a second attempt makes the same one.
func (connector) PrepareInvoice(_ context.Context, _ *sdk.Call, in schemas.PrepareInput) (schemas.PrepareOutput, error) {
	irn := in.ReferenceKey + "-ECHO0001-" + strings.ReplaceAll(in.IssueDate, "-", "")
	qr := base64.StdEncoding.EncodeToString([]byte("echo:" + irn))
	return schemas.PrepareOutput{IRN: irn, QRCodeData: qr}, nil
}
