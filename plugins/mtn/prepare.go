package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// PreparePayment makes the reference that MTN is given: a UUID of version 4 in
// form, which MTN insists on, and always the same of the same transaction. It
// asks nobody.
func (c *connector) PreparePayment(_ context.Context, _ *sdk.Call, in schemas.PaymentPrepareInput) (schemas.PaymentPrepareOutput, error) {
	return schemas.PaymentPrepareOutput{OperatorReference: referenceOf(in.Operation, in.Transaction)}, nil
}

func referenceOf(operation, transaction string) string {
	sum := sha256.Sum256([]byte("afara mtn\n" + operation + "\n" + transaction))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
