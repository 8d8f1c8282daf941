package payments

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// The events of webhooks. Each says that a transaction ended, well or not: look
// at Status.
const (
	EventPaymentCompleted      = "payment.completed"
	EventPaymentRefunded       = "payment.refunded"
	EventDisbursementCompleted = "disbursement.completed"
)

// Event is the body of a webhook: a transaction at its end. It has what Payment
// has but the reference, which a webhook does not tell. Match it by TxID.
type Event struct {
	Event      string `json:"event"`
	TxID       string `json:"tx_id"`
	Type       Type   `json:"type"`
	ParentTxID string `json:"parent_tx_id"` // of a refund, else empty
	OrgID      string `json:"org_id"`
	EnvID      string `json:"env_id"` // operator and country together

	Country  string `json:"country"`
	Operator string `json:"operator"`
	Currency string `json:"currency"`
	MSISDN   string `json:"msisdn"`
	Status   Status `json:"status"`

	Amount     int64 `json:"amount"` // gross
	Commission int64 `json:"commission"`
	// NetAmount is what the merchant is credited: what books go by.
	NetAmount             int64  `json:"net_amount"`
	CustomerTotal         int64  `json:"customer_total"`
	MerchantAbsorptionPct *int64 `json:"merchant_absorption_pct"` // nil in rows from before commissions
	MerchantShare         int64  `json:"merchant_share"`
	CustomerShare         int64  `json:"customer_share"`
	CommissionMode        string `json:"commission_mode"`

	LatencyMS      int64           `json:"latency_ms"`
	CreatedAt      time.Time       `json:"created_at"`
	CompletedAt    time.Time       `json:"completed_at"`
	Scenario       string          `json:"scenario"`
	ProviderTxID   string          `json:"provider_tx_id"` // the operator's own id
	OrderRef       string          `json:"order_ref"`
	OrderURL       string          `json:"order_url"`
	IsURLProtected bool            `json:"is_url_protected"`
	Description    string          `json:"description"`
	Raw            json.RawMessage `json:"raw"` // the operator's own record; nil when there is none
}

// Key is the same on each delivery of an event and on no other's: who acts on
// one keeps the keys it has seen.
func (e Event) Key() string { return e.TxID + " " + e.Event }

// UnmarshalJSON reads the body; of members that are null the zero value. An
// amount in quotes, as older services write it, is taken too.
func (e *Event) UnmarshalJSON(raw []byte) error {
	type plain Event // has no methods: it reads itself
	told := struct {
		*plain
		Amount    json.Number `json:"amount"`
		NetAmount *int64      `json:"net_amount"`
	}{plain: (*plain)(e)}
	*e = Event{}
	if err := json.Unmarshal(raw, &told); err != nil {
		return err
	}
	if told.Amount != "" {
		amount, err := told.Amount.Int64()
		if err != nil {
			return fmt.Errorf("amount %.30q is not whole units", told.Amount)
		}
		e.Amount = amount
	}
	e.NetAmount = orGross(told.NetAmount, e.Amount)
	e.Raw = orNil(e.Raw)
	return nil
}

// ReadEvent proves the signature over the raw body, as received, and then reads
// it. The error wraps one of package webhook when the body may not be believed:
// answer 401. Secrets are those in use, as shown; without one nothing is
// believed. The signature covers no time, so a replay looks genuine: see Key.
func ReadEvent(secrets []string, header http.Header, body []byte) (Event, error) {
	if err := webhook.VerifyBodyHeader(secrets, header, webhook.HeaderSandPay, body); err != nil {
		return Event{}, err
	}
	return parseEvent(body)
}

// errNotAnEvent is a body that is signed and yet of no transaction.
var errNotAnEvent = errors.New("the body is no event of a transaction")

func parseEvent(body []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("%w: %w", errNotAnEvent, err)
	}
	if e.Event == "" || checkID(e.TxID) != nil {
		return Event{}, fmt.Errorf("%w: it has no event, or no tx_id", errNotAnEvent)
	}
	return e, nil
}
