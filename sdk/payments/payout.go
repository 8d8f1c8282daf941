package payments

import (
	"context"
	"encoding/json"
	"net/http"
)

// Refund gives a collection back. The zero value gives all that is left, and is
// sent once: without a reference a repetition would be another refund.
type Refund struct {
	Amount      int64  `json:"amount,omitempty"`      // whole units; 0: all that is left
	Reference   string `json:"reference,omitempty"`   // the idempotency key, 1 to 80 characters; empty: the service makes one
	Description string `json:"description,omitempty"` // up to 200 characters
}

// Disbursement pays out to any number. The first four are required. Nothing is
// inherited: give the order's OrderRef, if the payout belongs to one.
type Disbursement struct {
	Amount         int64  `json:"amount"` // whole units of the currency, from 1
	Currency       string `json:"currency"`
	MSISDN         string `json:"msisdn"`              // the recipient
	Application    string `json:"application"`         // the store's slug
	Operator       string `json:"operator,omitempty"`  // where the number does not tell it
	Country        string `json:"country,omitempty"`   // where the number does not tell it
	Reference      string `json:"reference,omitempty"` // the idempotency key, 1 to 80 characters; empty: the service makes one
	OrderRef       string `json:"order_ref,omitempty"` // empty: the reference
	OrderURL       string `json:"order_url,omitempty"` // up to 500 characters
	IsURLProtected bool   `json:"is_url_protected,omitempty"`
	Description    string `json:"description,omitempty"` // up to 200 characters
}

// Payout is what a refund or a disbursement came to. Amounts are whole units of
// the currency. With a real operator it may be Pending: Wait for its end.
type Payout struct {
	TxID   string `json:"tx_id"`
	Type   Type   `json:"type"`
	Status Status `json:"status"`
	Amount int64  `json:"amount"`
	// The next three are of refunds.
	ParentTxID          string `json:"parent_tx_id"`
	RefundedTotal       int64  `json:"refunded_total"`
	RefundableRemaining int64  `json:"refundable_remaining"`
	// The balances afterwards are nil when nobody knows them, as that of a
	// recipient who is no test client.
	MerchantBalanceAfter  *int64 `json:"merchant_balance_after"`
	RecipientBalanceAfter *int64 `json:"recipient_balance_after"`
	// Idempotent: the reference was used before, for the same, and nothing was
	// done again.
	Idempotent bool `json:"idempotent"`
}

// UnmarshalJSON reads the answer; of members that are null the zero value. The id
// it reads as TransactionID does.
func (p *Payout) UnmarshalJSON(raw []byte) error {
	type plain Payout // has no methods: it reads itself
	var told plain
	if err := json.Unmarshal(raw, &told); err != nil {
		return err
	}
	*p = Payout(told)
	if p.TxID != "" {
		return nil
	}
	var err error
	p.TxID, err = TransactionID(raw)
	return err
}

// Refund gives the collection with that id back, all of it or in part. A refund
// that could not be paid is an answer with that Status, not an error; what may
// not be refunded is CodeExceedsRefundable or CodeNotRefundable. It is repeated
// as Create is, if it has a reference.
func (c *Client) Refund(ctx context.Context, id string, in Refund) (Payout, error) {
	if err := checkID(id); err != nil {
		return Payout{}, err
	}
	return c.pay(ctx, "/payments/"+id+"/refund", in, in.Reference)
}

// Disburse pays out. A payout that could not be paid is an answer with that
// Status, not an error. It is repeated as Create is, if it has a reference.
func (c *Client) Disburse(ctx context.Context, in Disbursement) (Payout, error) {
	return c.pay(ctx, "/disbursements", in, in.Reference)
}

func (c *Client) pay(ctx context.Context, path string, body any, reference string) (Payout, error) {
	return ask[Payout](ctx, c, request{method: http.MethodPost, path: path, body: body, repeatable: reference != ""})
}
