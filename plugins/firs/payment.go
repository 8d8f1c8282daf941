package main

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// reported is the state that a payment report leaves: what a look-up compares.
type reported struct {
	Version       int    `json:"v"`
	PaymentStatus string `json:"paymentStatus"`
}

// ReportInvoicePayment tells the authority the payment status of a registered
// invoice, in the authority's words.
func (c *connector) ReportInvoicePayment(ctx context.Context, call *sdk.Call, in schemas.ReportPaymentInput) error {
	s, err := c.open(ctx, call.Connection)
	if err != nil {
		return err
	}
	status := s.settings.paymentStatus(in.PaymentStatus)
	state, err := json.Marshal(reported{Version: 1, PaymentStatus: status})
	if err != nil {
		return sdk.Internalf("state_unwritable", "encode state: %w", err)
	}
	call.SetState(state)
	return s.client.UpdatePayment(ctx, in.IRN, status, in.Reference)
}

// reportedStatus reads the state back; empty when there is none of ours.
func reportedStatus(state []byte) string {
	var r reported
	if json.Unmarshal(state, &r) != nil || r.Version != 1 {
		return ""
	}
	return r.PaymentStatus
}
