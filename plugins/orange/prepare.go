package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// PreparePayment makes the order id that Orange is given: 28 characters, of the
// 30 that it takes, always the same of the same transaction. It asks nobody. What
// Orange cannot do is refused here already, before anything is sent.
func (c *connector) PreparePayment(_ context.Context, _ *sdk.Call, in schemas.PaymentPrepareInput) (schemas.PaymentPrepareOutput, error) {
	if err := serves(in.Operation); err != nil {
		return schemas.PaymentPrepareOutput{}, err
	}
	return schemas.PaymentPrepareOutput{OperatorReference: referenceOf(in.Operation, in.Transaction)}, nil
}

func referenceOf(operation, transaction string) string {
	sum := sha256.Sum256([]byte("afara orange\n" + operation + "\n" + transaction))
	return "AF" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])
}
