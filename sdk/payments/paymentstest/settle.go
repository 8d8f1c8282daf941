package paymentstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/webhook"
)

// Delivery is a webhook, signed.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// Settle ends a pending transaction, as the customer or the operator would. It
// is an error when the transaction is unknown or has ended.
func (s *Server) Settle(id string, status payments.Status) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(id)
	switch {
	case p == nil:
		return fmt.Errorf("%s is unknown", id)
	case p.Status.Final():
		return fmt.Errorf("%s is %s already", id, p.Status)
	}
	s.end(p, status)
	return nil
}

// end gives a transaction its status; a final one moves the money of a
// collection and makes the webhook.
func (s *Server) end(p *record, status payments.Status) {
	p.Status, p.LatencyMS = status, 800
	if !status.Final() {
		return
	}
	if p.Type == payments.TypeCollection && status == payments.Success {
		s.float += p.NetAmount
		if of := s.sims[p.MSISDN]; of != nil && of.balance >= p.CustomerTotal {
			of.balance -= p.CustomerTotal
		}
	}
	s.deliveries = append(s.deliveries, deliveryOf(p))
}

// Deliveries are all webhooks so far, the oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery(nil), s.deliveries...)
}

// Post sends the webhook, and answers with the receiver's status.
func (d Delivery) Post(ctx context.Context, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	r.Header = d.Header.Clone()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func deliveryOf(p *record) Delivery {
	event := map[payments.Type]string{
		payments.TypeCollection: payments.EventPaymentCompleted, payments.TypeRefund: payments.EventPaymentRefunded,
		payments.TypeDisbursement: payments.EventDisbursementCompleted,
	}[p.Type]
	body, _ := json.Marshal(map[string]any{ // of such members it never fails
		"event": event, "tx_id": p.ID, "org_id": "org_1", "env_id": p.Operator + "_" + p.Country, "type": p.Type,
		"parent_tx_id": orNull(p.ParentTxID), "country": p.Country, "operator": p.Operator, "amount": p.Amount, "currency": p.Currency,
		"msisdn": p.MSISDN, "status": p.Status, "latency_ms": p.LatencyMS, "created_at": p.CreatedAt,
		"completed_at": time.Now().UTC().Truncate(time.Millisecond), "scenario": orNull(p.Scenario), "provider_tx_id": "SIM_" + p.ID,
		"order_ref": p.OrderRef, "order_url": orNull(p.OrderURL), "is_url_protected": p.IsURLProtected, "description": orNull(p.Description),
		"commission": p.Commission, "net_amount": p.NetAmount, "customer_total": p.CustomerTotal,
		"merchant_absorption_pct": p.MerchantAbsorptionPct, "merchant_share": p.MerchantShare, "customer_share": p.CustomerShare,
		"commission_mode": orNull(p.CommissionMode), "raw": map[string]any{"_simulated": true},
	})
	return Delivery{Body: body, Header: http.Header{
		"Content-Type": {"application/json"}, "X-Sandpay-Event": {event}, webhook.HeaderSandPay: {"sha256=" + webhook.SignBody(Secret, body)},
	}}
}
