package payment

import (
	"encoding/json"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Told implements domain.Listener. A push counts as the look-up that it would
// cause when the connector read the operator's record for it: the end, and amount,
// currency and number to compare. Where any of them is missing or another, the
// look-up says what is to be said.
func (*Flow) Told(resource domain.Resource, stage domain.Stage, told json.RawMessage) (json.RawMessage, bool) {
	var t schemas.PaymentTold
	if stage != StageSubmit || json.Unmarshal(told, &t) != nil || !t.Status.Final() {
		return nil, false
	}
	r := resource.(Row)
	if t.Amount != r.moved() || t.Currency != r.Money || t.MSISDN != r.MSISDN {
		return nil, false
	}
	result, err := json.Marshal(t.PaymentOutput)
	if err != nil || schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), result) != nil {
		return nil, false // what is stored as an answer has an answer's form
	}
	return result, true
}
