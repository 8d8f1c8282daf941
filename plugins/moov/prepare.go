package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// referenceBytes makes references of 20 digits: Moov tells no limit, and short
// ones fit everywhere.
const referenceBytes = 10

// PreparePayment makes the reference that Moov is given, always the same of the
// same transaction. It asks nobody.
func (c *connector) PreparePayment(_ context.Context, _ *sdk.Call, in schemas.PaymentPrepareInput) (schemas.PaymentPrepareOutput, error) {
	return schemas.PaymentPrepareOutput{OperatorReference: referenceOf(in.Operation, in.Transaction)}, nil
}

func referenceOf(operation, transaction string) string {
	sum := sha256.Sum256([]byte("afara moov\n" + operation + "\n" + transaction))
	return strings.ToUpper(hex.EncodeToString(sum[:referenceBytes]))
}
