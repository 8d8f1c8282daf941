package engine_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
)

// payoutMembers are those of the answer to a refund or a disbursement.
func payoutMembers(refund bool) []string {
	members := []string{"tx_id", "type", "status", "amount", "merchant_balance_after", "recipient_balance_after", "idempotent"}
	if refund {
		members = append(members, "parent_tx_id", "refunded_total", "refundable_remaining")
	}
	return members
}

func isPayout(t *testing.T, body string, refund bool) {
	t.Helper()
	var got map[string]any
	must(t, json.Unmarshal([]byte(body), &got))
	for _, name := range payoutMembers(refund) {
		if got[name] == nil {
			t.Fatalf("%s is %v: %s", name, got[name], body)
		}
	}
	if len(got) != len(payoutMembers(refund)) {
		t.Errorf("other members: %s", body)
	}
}

// Chapter 8: refunds.
func TestSandpayRefunds(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	c := m.client()
	url := with("order_url", "https://shop.example/1")
	parent := m.ended(m.collect("ZANA-PAY-20260531221015-8E2884A47B1C", with("scenario", "success"), with("order_ref", "ORDER-1"), url, with("is_url_protected", true)).ID)
	path := "/v1/payments/" + parent.ID + "/refund"
	m.holds("8 limits of the fields", func(m *market) {
		for field, body := range map[string]string{
			"amount": `{"amount":0}`, "reference": `{"reference":"` + strings.Repeat("r", 81) + `"}`, "description": `{"description":"` + strings.Repeat("d", 201) + `"}`,
		} {
			if r := m.keyed(http.MethodPost, path, body).is(m.t, 400, "invalid_body"); len(r.Detail.Faults[field]) == 0 {
				m.t.Errorf("fieldErrors %v", r.Detail.Faults)
			}
		}
		m.keyed(http.MethodPost, path, `{"amount":1.5}`).is(m.t, 400, "invalid_body")
	})
	m.holds("8 above what is left is 422 exceeds_refundable", func(m *market) {
		m.keyed(http.MethodPost, path, `{"amount":25001}`).is(m.t, 422, "exceeds_refundable")
	})
	m.holds("8 the answer is snake_case: float debited, SIM credited, no commission", func(m *market) {
		h := m.keyed(http.MethodPost, path, `{"amount":1000,"reference":"R-1","description":"One loaf"}`)
		isPayout(m.t, h.body, true)
		var p struct {
			payout
			Type      string `json:"type"`
			Recipient int64  `json:"recipient_balance_after"`
		}
		must(m.t, json.Unmarshal([]byte(h.body), &p))
		if h.status != 201 || p.Type != "refund" || p.Status != "SUCCESS" || p.Parent != parent.ID || p.Total != 1000 || p.Remaining != 24_000 || p.Float != 23_750 || p.Recipient != 76_000 || p.Idempotent {
			m.t.Errorf("%d %s", h.status, h.body)
		}
		if got := m.balance(awa); got != 76_000 || m.float() != 23_750 {
			m.t.Errorf("the payer has %d, the float is %d", got, m.float())
		}
		shown, err := c.Get(m.t.Context(), p.ID)
		if err != nil || shown.Commission != 0 || shown.NetAmount != 1000 || shown.Description != "One loaf" {
			m.t.Errorf("%+v %v", shown, err)
		}
	})
	m.holds("8 a replay says idempotent and refunds nothing again", func(m *market) {
		got, err := c.Refund(m.t.Context(), parent.ID, payments.Refund{Amount: 1000, Reference: "R-1"})
		if err != nil || !got.Idempotent || got.RefundedTotal != 1000 || m.balance(awa) != 76_000 {
			m.t.Errorf("%+v %v", got, err)
		}
		m.keyed(http.MethodPost, path, `{"amount":1001,"reference":"R-1"}`).is(m.t, 409, "duplicate_reference")
		m.keyed(http.MethodPost, path, `{"reference":"`+parent.Reference+`"}`).is(m.t, 409, "duplicate_reference")
	})
	m.holds("8 order fields come from the parent, a missing reference is ORIGIN-REF", func(m *market) {
		made, err := c.Refund(m.t.Context(), parent.ID, payments.Refund{Amount: 1000})
		must(m.t, err)
		got, err := c.Get(m.t.Context(), made.TxID)
		if err != nil || !strings.HasPrefix(got.Reference, "ZANA-REF-") || got.OrderRef != "ORDER-1" || got.OrderURL != "https://shop.example/1" || !got.IsURLProtected || got.ParentTxID != parent.ID {
			m.t.Errorf("%+v %v", got, err)
		}
	})
	m.holds("8 a float too low is recorded as INSUFFICIENT_FUNDS and not counted", func(m *market) {
		if _, err := c.Disburse(m.t.Context(), payments.Disbursement{Amount: 22_000, Currency: "XOF", MSISDN: awa, Application: "zana"}); err != nil {
			m.t.Fatal(err)
		}
		before := m.balance(awa)
		got, err := c.Refund(m.t.Context(), parent.ID, payments.Refund{})
		if err != nil || got.Status != "INSUFFICIENT_FUNDS" || got.Amount != 23_000 || got.RefundedTotal != 2000 || got.RefundableRemaining != 23_000 || m.balance(awa) != before || m.float() != 750 {
			m.t.Errorf("%+v %v, the float is %d", got, err, m.float())
		}
		if shown := m.read(got.TxID); shown.Status != "INSUFFICIENT_FUNDS" || shown.Type != "refund" {
			m.t.Errorf("%+v", shown)
		}
	})
	m.holds("8 concurrent refunds do not exceed it together, the default is all that is left", func(m *market) {
		m.ended(m.collect("FLOAT", with("scenario", "success"), with("amount", 50_000)).ID)
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() { m.keyed(http.MethodPost, path, `{"amount":9000}`) })
		}
		group.Wait()
		got, err := c.Refund(m.t.Context(), parent.ID, payments.Refund{})
		if err != nil || got.Amount != 5000 || got.RefundedTotal != 25_000 || got.RefundableRemaining != 0 {
			m.t.Errorf("%+v %v", got, err)
		}
		m.keyed(http.MethodPost, path, "").is(m.t, 422, "exceeds_refundable")
	})
	m.holds("8 only a collection in SUCCESS, else 422", func(m *market) {
		open, failed := m.collect("OPEN"), m.ended(m.collect("FAILED", with("scenario", "blocked")).ID)
		out, err := c.Disburse(m.t.Context(), payments.Disbursement{Amount: 1, Currency: "XOF", MSISDN: awa, Application: "zana"})
		must(m.t, err)
		for _, id := range []string{open.ID, failed.ID, out.TxID} {
			m.keyed(http.MethodPost, "/v1/payments/"+id+"/refund", "").is(m.t, 422, "not_refundable")
		}
	})
}

// Chapter 9: disbursements.
func TestSandpayDisbursements(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	c := m.client()
	out := func(number string, amount int64) payments.Disbursement {
		return payments.Disbursement{Amount: amount, Currency: "XOF", MSISDN: number, Application: "zana"}
	}
	m.holds("9 limits and required fields", func(m *market) {
		r := m.keyed(http.MethodPost, "/v1/disbursements", "{}").is(m.t, 400, "invalid_body")
		for _, field := range []string{"amount", "currency", "msisdn", "application"} {
			if len(r.Detail.Faults[field]) == 0 {
				m.t.Errorf("fieldErrors %v", r.Detail.Faults)
			}
		}
		long := strings.Repeat("x", 201)
		r = m.keyed(http.MethodPost, "/v1/disbursements", `{"amount":0,"currency":"XO","msisdn":"1","application":"","operator":"wave","country":"xx","reference":"`+long+`","order_ref":"`+long+`","order_url":"x y","is_url_protected":"no","description":"`+long+`"}`).is(m.t, 400, "invalid_body")
		if len(r.Detail.Faults) != 11 {
			m.t.Errorf("fieldErrors %v", r.Detail.Faults)
		}
	})
	m.holds("9 a float below the amount is INSUFFICIENT_FUNDS", func(m *market) {
		got, err := c.Disburse(m.t.Context(), out(awa, 1))
		if err != nil || got.Status != "INSUFFICIENT_FUNDS" || *got.MerchantBalanceAfter != 0 || m.balance(awa) != 100_000 {
			m.t.Errorf("%+v %v", got, err)
		}
	})
	m.ended(m.collect("FLOAT", with("scenario", "success")).ID)
	m.holds("9 an active test client: SUCCESS, SIM credited, no commission, snake_case answer", func(m *market) {
		h := m.keyed(http.MethodPost, "/v1/disbursements", `{"amount":1000,"currency":"XOF","msisdn":"`+awa+`","application":"zana","reference":"D-1","order_ref":"ORDER-9","order_url":"https://shop.example/9","is_url_protected":true,"description":"Change"}`)
		isPayout(m.t, h.body, false)
		var got payments.Payout
		must(m.t, json.Unmarshal([]byte(h.body), &got))
		if h.status != 201 || got.Status != "SUCCESS" || *got.MerchantBalanceAfter != 23_750 || *got.RecipientBalanceAfter != 76_000 || got.Idempotent {
			m.t.Errorf("%d %s", h.status, h.body)
		}
		p, err := c.Get(m.t.Context(), got.TxID)
		if err != nil || p.Commission != 0 || p.NetAmount != 1000 || p.OrderRef != "ORDER-9" || !p.IsURLProtected || p.ParentTxID != "" {
			m.t.Errorf("%+v %v", p, err)
		}
		again, err := c.Disburse(m.t.Context(), payments.Disbursement{Amount: 1000, Currency: "XOF", MSISDN: awa, Application: "zana", Reference: "D-1"})
		if err != nil || !again.Idempotent || again.TxID != got.TxID || m.balance(awa) != 76_000 {
			m.t.Errorf("again %+v %v", again, err)
		}
		m.keyed(http.MethodPost, "/v1/disbursements", `{"amount":1001,"currency":"XOF","msisdn":"`+awa+`","application":"zana","reference":"D-1"}`).is(m.t, 409, "duplicate_reference")
	})
	m.holds("9 a blocked recipient is ACCOUNT_BLOCKED, an unknown one UNKNOWN_MSISDN", func(m *market) {
		for number, want := range map[string]payments.Status{locked: payments.AccountBlocked, nobody: payments.UnknownMSISDN} {
			got, err := c.Disburse(m.t.Context(), out(number, 1000))
			if err != nil || got.Status != want || *got.MerchantBalanceAfter != 23_750 || (got.RecipientBalanceAfter == nil) != (number == nobody) {
				m.t.Errorf("%s: %+v %v", number, got, err)
			}
		}
	})
	m.holds("9 without a reference it is SP-DIS, and order_ref is the reference", func(m *market) {
		made, err := c.Disburse(m.t.Context(), out(awa, 1))
		must(m.t, err)
		p, err := c.Get(m.t.Context(), made.TxID)
		if err != nil || !strings.HasPrefix(p.Reference, "SP-DIS-") || p.OrderRef != p.Reference || p.IsURLProtected {
			m.t.Errorf("%+v %v", p, err)
		}
	})
	m.holds("9 an unknown recipient under the policy passthrough: SUCCESS, no SIM credited", func(m *market) {
		if status := m.call(http.MethodPut, "/si/corridors/mtn/CI", map[string]any{"unknownMsisdnPolicy": "passthrough"}, nil); status != 200 {
			m.t.Fatal(status)
		}
		got, err := c.Disburse(m.t.Context(), out(nobody, 1000))
		if err != nil || got.Status != "SUCCESS" || got.RecipientBalanceAfter != nil {
			m.t.Errorf("%+v %v", got, err)
		}
	})
}

// Chapters 8 and 9 with the operators that can pay out; Orange has no call for it.
func TestSandpayPayoutsOfEveryOperator(t *testing.T) {
	t.Parallel()
	m := openRegion(t, false)
	for _, p := range places() {
		m.holds("9 "+p.name+" pays out and back", func(m *market) {
			parent := m.ended(m.collectAt(p, "paid", with("scenario", "success")).ID)
			m.ended(m.collectAt(p, "float", with("scenario", "success")).ID)
			want := payments.Success
			if p.operator == "orange" {
				want = payments.ServiceUnavailable
			}
			back, err := m.client().Refund(m.t.Context(), parent.ID, payments.Refund{})
			must(m.t, err)
			out, err := m.client().Disburse(m.t.Context(), payments.Disbursement{Amount: 50, Currency: p.currency, MSISDN: p.number, Application: "zana", Operator: p.operator, Country: p.country})
			must(m.t, err)
			for _, id := range []string{back.TxID, out.TxID} {
				if got := m.ended(id); payments.Status(got.Status) != want {
					m.t.Errorf("%+v", got)
				}
			}
		})
	}
}
