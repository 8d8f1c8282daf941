package schemas

import "encoding/json"

// The standard operations on a mobile-money payment.
const (
	OpPaymentPrepare  = "payment.prepare"
	OpPaymentCollect  = "payment.collect"
	OpPaymentRefund   = "payment.refund"
	OpPaymentDisburse = "payment.disburse"
	OpPaymentLookup   = "payment.lookup"
)

// PaymentStatus is one of the eleven that every operator's own are mapped to.
type PaymentStatus string

// The statuses. All but PaymentPending are final and never change.
const (
	PaymentSuccess            PaymentStatus = "SUCCESS"
	PaymentPending            PaymentStatus = "PENDING"
	PaymentPINInvalid         PaymentStatus = "PIN_INVALID"
	PaymentInsufficientFunds  PaymentStatus = "INSUFFICIENT_FUNDS"
	PaymentTimeout            PaymentStatus = "TIMEOUT"
	PaymentAccountBlocked     PaymentStatus = "ACCOUNT_BLOCKED"
	PaymentUserCancelled      PaymentStatus = "USER_CANCELLED"
	PaymentUnknownMSISDN      PaymentStatus = "UNKNOWN_MSISDN"
	PaymentLimitExceeded      PaymentStatus = "LIMIT_EXCEEDED"
	PaymentServiceUnavailable PaymentStatus = "SERVICE_UNAVAILABLE"
	PaymentDuplicateReference PaymentStatus = "DUPLICATE_REFERENCE"
)

// Final reports whether the status never changes any more.
func (s PaymentStatus) Final() bool { return s != PaymentPending && s != "" }

// PaymentPrepareInput asks for the operator's reference of a transaction.
type PaymentPrepareInput struct {
	Transaction string `json:"transaction"` // TX_…
	Operation   string `json:"operation"`   // which of collect, refund and disburse
	Reference   string `json:"reference"`   // the merchant's
}

// PaymentPrepareOutput is stored before anything is sent.
type PaymentPrepareOutput struct {
	OperatorReference string `json:"operatorReference"`
}

// PaymentInput is money to move: what payment.collect and payment.disburse take.
type PaymentInput struct {
	OperatorReference string `json:"operatorReference"`
	// Amount is in whole units of Currency: what the payer is debited, or the
	// payee is credited.
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"` // ISO 4217
	Country     string `json:"country"`  // ISO 3166-1 alpha-2
	MSISDN      string `json:"msisdn"`   // E.164
	Reference   string `json:"reference"`
	Description string `json:"description,omitempty"`
	CallbackURL string `json:"callbackUrl,omitempty"`
	// Scenario is what a sandbox's operator shall play.
	Scenario string `json:"scenario,omitempty"`
}

// PaymentRefundInput gives Amount of the original collection back.
type PaymentRefundInput struct {
	PaymentInput
	Original PaymentOriginal `json:"original"`
}

// PaymentOriginal is the collection that a refund is of.
type PaymentOriginal struct {
	OperatorReference string `json:"operatorReference"`
	ProviderTxID      string `json:"providerTxId,omitempty"`
	Amount            int64  `json:"amount"`
}

// PaymentOutput is how far a payment is at the operator.
type PaymentOutput struct {
	Status       PaymentStatus `json:"status"`
	ProviderTxID string        `json:"providerTxId,omitempty"`
	// Raw is the operator's own answer, an object.
	Raw json.RawMessage `json:"raw,omitempty"`
}

// PaymentTold is the data of the event payment.updated: what an operator's own
// push told. Its other members say what the operator's record is about, as it was
// read at the operator and never as the push claims. With all of them the event is
// as good as a look-up's answer; without, it has the payment looked up.
type PaymentTold struct {
	PaymentOutput
	Amount   int64  `json:"amount,omitempty"` // whole units
	Currency string `json:"currency,omitempty"`
	MSISDN   string `json:"msisdn,omitempty"` // E.164
}

// PaymentLookupInput asks what became of Operation.
type PaymentLookupInput struct {
	Operation         string `json:"operation"`
	OperatorReference string `json:"operatorReference"`
	ProviderTxID      string `json:"providerTxId,omitempty"`
	// What follows is compared with the operator's record.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Country  string `json:"country"`
	MSISDN   string `json:"msisdn"`
}

// PaymentLookupOutput is what the operator knows. Status is final with
// LookupFoundFinal.
type PaymentLookupOutput struct {
	Result       string          `json:"result"`
	Status       PaymentStatus   `json:"status,omitempty"`
	ProviderTxID string          `json:"providerTxId,omitempty"`
	Raw          json.RawMessage `json:"raw,omitempty"`
	// Differences is filled with LookupFoundDifferent.
	Differences []Difference `json:"differences,omitempty"`
}
