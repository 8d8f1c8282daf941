package payment_test

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/schemas"
)

// Only what says how it ended, and of the very payment that was sent, counts.
func TestAPushCountsWhereItSaysAsMuchAsALookUp(t *testing.T) {
	t.Parallel()
	sent := payment.Row{MSISDN: "+2250501234567", Money: "XOF", Shares: payment.Shares{Amount: 25_000, CustomerTotal: 25_100}}
	whole := func(change func(*schemas.PaymentTold)) json.RawMessage {
		told := schemas.PaymentTold{
			PaymentOutput: schemas.PaymentOutput{Status: schemas.PaymentSuccess, ProviderTxID: "9", Raw: json.RawMessage(`{"status":"SUCCESSFUL"}`)},
			Amount:        25_100, Currency: "XOF", MSISDN: "+2250501234567",
		}
		change(&told)
		raw, err := json.Marshal(told)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, c := range []struct {
		name  string
		stage domain.Stage
		told  json.RawMessage
		ok    bool
	}{
		{"all", payment.StageSubmit, whole(func(*schemas.PaymentTold) {}), true},
		{"a failure", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Status = schemas.PaymentUserCancelled }), true},
		{"not ended", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Status = schemas.PaymentPending }), false},
		{"no status", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Status = "" }), false},
		{"a status of its own", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Status = "DONE" }), false},
		{"another amount", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Amount = 25_000 }), false},
		{"no amount", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Amount = 0 }), false},
		{"another currency", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.Currency = "RWF" }), false},
		{"another number", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.MSISDN = "+2250501234568" }), false},
		{"no number", payment.StageSubmit, whole(func(p *schemas.PaymentTold) { p.MSISDN = "" }), false},
		{"another stage", payment.StagePrepare, whole(func(*schemas.PaymentTold) {}), false},
		{"no object", payment.StageSubmit, json.RawMessage(`"SUCCESS"`), false},
	} {
		result, ok := (&payment.Flow{}).Told(sent, c.stage, c.told)
		if ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		}
		if ok && schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), result) != nil {
			t.Errorf("%s: %s is no answer", c.name, result)
		}
	}
}
