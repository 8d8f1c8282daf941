package main

import (
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// TestTheConnectorRunsAsAProcess starts the connector as an engine does: another
// process, an empty environment, mutual TLS.
func TestTheConnectorRunsAsAProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Start(t, manifest)
	b.Pay(t, schemas.OpPaymentCollect, payment(), schemas.PaymentPending)
	b.Want(t, "airtel.answer_prompt", map[string]string{"operatorReference": reference, "answer": "refuse"}, `{"status":"USER_CANCELLED"}`)
	if found := b.find(t, schemas.OpPaymentCollect, reference); found.Status != schemas.PaymentUserCancelled {
		t.Errorf("%+v", found)
	}
}
