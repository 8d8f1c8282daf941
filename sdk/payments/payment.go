package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Type is what kind of transaction it is.
type Type string

// The types.
const (
	TypeCollection   Type = "collection"   // a customer pays
	TypeRefund       Type = "refund"       // a collection goes back, all of it or in part
	TypeDisbursement Type = "disbursement" // a payout to any number
)

// Who bears the commission, or most of it, as CommissionMode says it.
const (
	CommissionOfCustomer = "customer"
	CommissionOfMerchant = "merchant"
)

// Payment is a transaction of any type. Amounts are whole units of the currency.
type Payment struct {
	ID             string `json:"id"` // TX_…
	Type           Type   `json:"type"`
	ParentTxID     string `json:"parentTxId"` // the collection that a refund gives back, else empty
	OrderRef       string `json:"orderRef"`
	InvoiceID      string `json:"invoiceId"`   // what it pays, or gives back; empty for none
	InvoiceNote    string `json:"invoiceNote"` // why it is not of the invoice whose number OrderRef is
	OrderURL       string `json:"orderUrl"`    // empty without one
	IsURLProtected bool   `json:"isUrlProtected"`

	Amount     int64 `json:"amount"` // gross, as asked for
	Commission int64 `json:"commission"`
	// NetAmount is what the merchant is credited: what books go by. It is certain
	// once Status is final. Rows from before commissions have the gross.
	NetAmount     int64 `json:"netAmount"`
	CustomerTotal int64 `json:"customerTotal"` // debited from the customer: NetAmount + Commission
	// MerchantAbsorptionPct is how much of the commission the merchant bears, 0 to
	// 100; nil in rows from before commissions.
	MerchantAbsorptionPct *int64 `json:"merchantAbsorptionPct"`
	MerchantShare         int64  `json:"merchantShare"`  // Amount - NetAmount
	CustomerShare         int64  `json:"customerShare"`  // Commission - MerchantShare
	CommissionMode        string `json:"commissionMode"` // empty in rows from before commissions

	Currency    string    `json:"currency"` // as sent
	Operator    string    `json:"operator"` // mtn, orange, moov or airtel
	Country     string    `json:"country"`  // ISO 3166-1 alpha-2
	MSISDN      string    `json:"msisdn"`   // as sent
	Reference   string    `json:"reference"`
	Description string    `json:"description"` // empty without one
	Scenario    string    `json:"scenario"`    // empty without one
	Status      Status    `json:"status"`
	LatencyMS   int64     `json:"latencyMs"` // how long the operator took
	CreatedAt   time.Time `json:"createdAt"`
	// Raw is the operator's own record, an object in the operator's form; nil when
	// there is none. In the sandbox it has _simulated: true.
	Raw json.RawMessage `json:"raw"`
}

// UnmarshalJSON reads the resource; of members that are null the zero value. The
// id it reads as TransactionID does.
func (p *Payment) UnmarshalJSON(raw []byte) error {
	type plain Payment // has no methods: it reads itself
	told := struct {
		*plain
		NetAmount *int64 `json:"netAmount"`
	}{plain: (*plain)(p)}
	*p = Payment{}
	if err := json.Unmarshal(raw, &told); err != nil {
		return err
	}
	p.NetAmount = orGross(told.NetAmount, p.Amount)
	p.Raw = orNil(p.Raw)
	if p.ID != "" {
		return nil
	}
	var err error
	p.ID, err = TransactionID(raw)
	return err
}

func orGross(net *int64, gross int64) int64 {
	if net == nil {
		return gross
	}
	return *net
}

func orNil(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// Get reads one transaction of any type.
func (c *Client) Get(ctx context.Context, id string) (Payment, error) {
	r, err := getting(id)
	if err != nil {
		return Payment{}, err
	}
	return ask[Payment](ctx, c, r)
}

func getting(id string) (request, error) {
	if err := checkID(id); err != nil {
		return request{}, err
	}
	return request{method: http.MethodGet, path: "/payments/" + id, repeatable: true}, nil
}

// checkID keeps what is no id out of a path.
func checkID(id string) error {
	const taken = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	switch {
	case id == "":
		return errors.New("the transaction id is empty")
	case len(id) > maxID || strings.Trim(id, taken) != "":
		return fmt.Errorf("%.20q is no transaction id: it is letters, digits, _ and -, at most %d", id, maxID)
	}
	return nil
}
