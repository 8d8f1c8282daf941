package main

import (
	"context"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// PreparePayment makes the reference that Airtel is given: letters and digits,
// which is all that Airtel takes, and always the same of the same transaction.
// It asks nobody. Its first letter tells the operation, which a callback does
// not; the rest is the transaction's id, so that a person finds it at Airtel.
func (c *connector) PreparePayment(_ context.Context, _ *sdk.Call, in schemas.PaymentPrepareInput) (schemas.PaymentPrepareOutput, error) {
	return schemas.PaymentPrepareOutput{OperatorReference: letters()[in.Operation] + strings.TrimPrefix(in.Transaction, "TX_")}, nil
}

// letters begin the references of each operation.
func letters() map[string]string {
	return map[string]string{schemas.OpPaymentCollect: "C", schemas.OpPaymentDisburse: "D", schemas.OpPaymentRefund: "R"}
}

// operationOf is the operation that a reference was made for.
func operationOf(reference string) (string, bool) {
	if !referenceForm.MatchString(reference) {
		return "", false
	}
	for operation, letter := range letters() {
		if strings.HasPrefix(reference, letter) {
			return operation, true
		}
	}
	return "", false
}
