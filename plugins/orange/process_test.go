package main

import (
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// TestTheConnectorRunsAsAProcess starts the connector as an engine does: another
// process, an empty environment, mutual TLS.
func TestTheConnectorRunsAsAProcess(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Start(t, manifest)
	b.collect(t, payment())
	b.Want(t, "orange.answer_prompt", map[string]string{"operatorReference": reference, "answer": "refuse"}, `{"status":"USER_CANCELLED"}`)
	if found := b.find(t); found.Status != schemas.PaymentUserCancelled {
		t.Errorf("%+v", found)
	}
}
