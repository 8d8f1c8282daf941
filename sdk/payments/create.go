package payments

import (
	"context"
	"net/http"
)

// The scenarios of a sandbox: each forces an outcome, whatever the SIM.
const (
	ScenarioSuccess       = "success"
	ScenarioPINInvalid    = "pin_invalid"
	ScenarioLowBalance    = "low_balance"
	ScenarioTimeout       = "timeout"
	ScenarioBlocked       = "blocked"
	ScenarioCancelled     = "cancelled"
	ScenarioUnknownMSISDN = "unknown_msisdn"
	ScenarioLimitExceeded = "limit_exceeded"
	ScenarioMaintenance   = "maintenance"
	ScenarioDuplicate     = "duplicate"
)

// Collection asks a customer for money. The first five are required.
type Collection struct {
	Amount   int64  `json:"amount"`   // gross, whole units of the currency, from 1
	Currency string `json:"currency"` // XOF, RWF; FCFA is taken for XOF
	MSISDN   string `json:"msisdn"`   // the payer: +2250707123456
	// Reference is the caller's id and the idempotency key, 1 to 80 characters,
	// unique in the organisation.
	Reference   string `json:"reference"`
	Application string `json:"application"` // the store's slug, 1 to 80 characters
	// Operator and Country are needed where the number does not tell them, and
	// outrank it.
	Operator string `json:"operator,omitempty"` // mtn, orange, moov or airtel
	Country  string `json:"country,omitempty"`  // ISO 3166-1 alpha-2
	// OrderRef groups a payment, its refunds and recurring charges, 1 to 120
	// characters. Empty: the reference.
	OrderRef string `json:"order_ref,omitempty"`
	// InvoiceID is the invoice that it pays, in the same currency. Empty: the one
	// whose number OrderRef is, if there is one.
	InvoiceID      string `json:"invoice_id,omitempty"`
	OrderURL       string `json:"order_url,omitempty"`        // up to 500 characters
	IsURLProtected bool   `json:"is_url_protected,omitempty"` // the order's page needs a right to open
	Description    string `json:"description,omitempty"`      // up to 200 characters
	Scenario       string `json:"scenario,omitempty"`         // sandbox only
}

// Create creates a collection. The answer is mostly Pending: accepted, not
// settled. Who sends the same collection again gets the transaction that is
// there, so a request that fails or gets no answer is repeated; another
// collection with a used reference is refused as CodeDuplicateReference.
func (c *Client) Create(ctx context.Context, in Collection) (Payment, error) {
	return ask[Payment](ctx, c, request{method: http.MethodPost, path: "/payments", body: in, repeatable: in.Reference != ""})
}
