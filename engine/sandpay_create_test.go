package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/sdk/payments"
)

// Chapter 4: creating a collection.
func TestSandpayFields(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	long := func(n int) string { return strings.Repeat("é", n) }
	refused := map[string][]any{
		"amount":           {0, -1, 1.5, "100", nil, 900_000_000_000_001},
		"currency":         {"XO", "XOFXX", "xof", 1, nil},
		"msisdn":           {"2250501234567", "+0250501234567", "+225050", "+1234567890123456", "+225 0501234567", nil},
		"reference":        {"", long(81), nil},
		"application":      {"", long(81), nil},
		"operator":         {"wave", ""},
		"country":          {"ci", "CIV", ""},
		"order_ref":        {"", long(121)},
		"order_url":        {"not a URI", "https://shop.example/" + strings.Repeat("a", 480)},
		"is_url_protected": {"yes", 1},
		"description":      {long(201), 1},
		"scenario":         {"luck", ""},
	}
	for _, field := range slices.Sorted(maps.Keys(refused)) {
		m.holds("4 limits of "+field, func(m *market) {
			for _, value := range refused[field] {
				change := with(field, value)
				if value == nil {
					change = func(body map[string]any) { delete(body, field) }
				}
				raw, err := json.Marshal(collection("LIMITS", change))
				must(m.t, err)
				r := m.keyed(http.MethodPost, "/v1/payments", string(raw)).is(m.t, 400, "invalid_body")
				if len(r.Detail.Faults[field]) == 0 {
					m.t.Errorf("%v: fieldErrors %v", value, r.Detail.Faults)
				}
			}
		})
	}
	m.holds("4 what fails validation does not consume the reference, and the longest values are taken as sent", func(m *market) {
		reference := "LIMITS" + long(74)
		url := "https://shop.example/" + strings.Repeat("a", 479)
		p := m.collect(reference, with("order_ref", long(120)), with("order_url", url), with("description", long(200)), with("is_url_protected", true), with("amount", 1))
		got, err := m.client().Get(m.t.Context(), p.ID)
		must(m.t, err)
		if got.Reference != reference || got.OrderRef != long(120) || got.OrderURL != url || got.Description != long(200) || !got.IsURLProtected {
			m.t.Errorf("shown as %+v", got)
		}
		m.collect("LIMITS", with("amount", 1))
		m.keyed(http.MethodPost, "/v1/payments", `{"amount":1,"currency":"XOF","msisdn":"+22890123456","reference":"NOWHERE","application":"zana","operator":"moov","country":"TG"}`).is(m.t, 404, "env_not_found")
		m.collect("NOWHERE", with("amount", 1))
	})
	m.holds("4 operator and country are needed where the number does not tell them", func(m *market) {
		r := m.keyed(http.MethodPost, "/v1/payments", `{"amount":1,"currency":"XOF","msisdn":"+33612345678","reference":"ABROAD","application":"zana"}`).is(m.t, 400, "invalid_body")
		if len(r.Detail.Faults["operator"]) == 0 || len(r.Detail.Faults["country"]) == 0 {
			m.t.Errorf("fieldErrors %v", r.Detail.Faults)
		}
		p := m.collect("ABROAD", with("msisdn", "+33612345678"), with("operator", "mtn"), with("country", "CI"), with("amount", 1))
		if got, err := m.client().Get(m.t.Context(), p.ID); err != nil || got.Operator != "mtn" || got.Country != "CI" {
			m.t.Errorf("%+v %v", got, err)
		}
	})
	m.holds("4 order_ref defaults to the reference, FCFA is shown as sent", func(m *market) {
		got, err := m.client().Create(m.t.Context(), payments.Collection{Amount: 1, Currency: "FCFA", MSISDN: awa, Reference: "DEFAULTS", Application: "zana"})
		must(m.t, err)
		if got.OrderRef != "DEFAULTS" || got.Currency != "FCFA" || got.IsURLProtected || got.MSISDN != awa {
			m.t.Errorf("%+v", got)
		}
	})
}

// resource are the members of a Payment, and whether each may be null.
func resource() map[string]bool {
	return map[string]bool{
		"id": false, "type": false, "parentTxId": true, "orderRef": false, "orderUrl": true, "isUrlProtected": false, "amount": false,
		"commission": false, "netAmount": false, "customerTotal": false, "merchantAbsorptionPct": false, "merchantShare": false,
		"customerShare": false, "commissionMode": false, "currency": false, "operator": false, "country": false, "msisdn": false,
		"reference": false, "description": true, "scenario": true, "status": false, "latencyMs": true, "createdAt": false, "raw": false,
	}
}

// isResource fails unless body is a Payment with all its members and no other.
func isResource(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var got map[string]any
	must(t, json.Unmarshal(body, &got))
	for name, nullable := range resource() {
		if value, there := got[name]; !there || value == nil && !nullable {
			t.Errorf("%s is %v: %s", name, value, body)
		}
	}
	if len(got) != len(resource()) {
		t.Errorf("other members: %s", body)
	}
	return got
}

func TestSandpayResource(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.holds("4 create, get and list answer the same camelCase resource", func(m *market) {
		created := m.keyed(http.MethodPost, "/v1/payments", `{"amount":100,"currency":"XOF","msisdn":"`+awa+`","reference":"RESOURCE","application":"zana","scenario":"success"}`)
		if created.status != http.StatusCreated {
			m.t.Fatalf("%d %s", created.status, created.body)
		}
		p := isResource(m.t, []byte(created.body))
		if !regexp.MustCompile(`^TX_[A-Z0-9]+$`).MatchString(p["id"].(string)) || p["type"] != "collection" || p["status"] != "PENDING" || p["scenario"] != "success" {
			m.t.Errorf("created %v", p)
		}
		if at, err := time.Parse(time.RFC3339, p["createdAt"].(string)); err != nil || time.Since(at) > time.Hour {
			m.t.Errorf("createdAt %v", p["createdAt"])
		}
		m.ended(p["id"].(string))
		one := m.keyed(http.MethodGet, "/v1/payments/"+p["id"].(string), "")
		shown := isResource(m.t, []byte(one.body))
		if latency, told := shown["latencyMs"].(float64); !told || latency < 0 {
			m.t.Errorf("latencyMs %v", shown["latencyMs"])
		}
		var page struct{ Data []json.RawMessage }
		must(m.t, json.Unmarshal([]byte(m.keyed(http.MethodGet, "/v1/payments", "").body), &page))
		if len(page.Data) != 1 || string(page.Data[0]) != strings.TrimSpace(one.body) {
			m.t.Errorf("listed as %s, got as %s", page.Data, one.body)
		}
	})
	m.holds("4 raw says _simulated at its top, before the operator has told anything too", func(m *market) {
		open := m.collect("OPEN", with("amount", 1))
		ended := m.ended(m.collect("ENDED", with("amount", 1), with("scenario", "blocked")).ID)
		if open.Raw["_simulated"] != true || ended.Raw["_simulated"] != true || len(ended.Raw) < 2 {
			m.t.Errorf("raw %v, then %v", open.Raw, ended.Raw)
		}
	})
	m.holds("4 a refund and a disbursement are the same resource", func(m *market) {
		parent := m.ended(m.collect("PARENT", with("scenario", "success")).ID)
		refund, err := m.client().Refund(m.t.Context(), parent.ID, payments.Refund{Amount: 10})
		must(m.t, err)
		out, err := m.client().Disburse(m.t.Context(), payments.Disbursement{Amount: 10, Currency: "XOF", MSISDN: awa, Application: "zana"})
		must(m.t, err)
		for id, want := range map[string]string{refund.TxID: "refund", out.TxID: "disbursement"} {
			got := isResource(m.t, []byte(m.keyed(http.MethodGet, "/v1/payments/"+id, "").body))
			if got["type"] != want || (got["parentTxId"] == parent.ID) != (want == "refund") {
				m.t.Errorf("%v", got)
			}
		}
	})
}

func TestSandpayIdempotency(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	first := m.collect("ONCE", with("scenario", "success"))
	first = m.ended(first.ID)
	m.holds("4 the same reference and content answers 200 with the stored transaction, no second debit", func(m *market) {
		var again paid
		if status := m.call(http.MethodPost, "/v1/payments", collection("ONCE", with("scenario", "success")), &again); status != 200 || again.ID != first.ID || again.Status != "SUCCESS" {
			m.t.Errorf("%d %+v", status, again)
		}
		if got := m.balance(awa); got != 75_000 {
			m.t.Errorf("the payer has %d", got)
		}
	})
	m.holds("4 other content under a used reference is 409, nothing stored", func(m *market) {
		if status := m.call(http.MethodPost, "/si/stores", map[string]any{"slug": "other"}, nil); status != http.StatusCreated {
			m.t.Fatalf("make a store: %d", status)
		}
		for field, value := range map[string]any{
			"amount": 24_999, "currency": "RWF", "msisdn": poor, "operator": "orange", "country": "BJ", "application": "other",
		} {
			raw, err := json.Marshal(collection("ONCE", with(field, value)))
			must(m.t, err)
			h := m.keyed(http.MethodPost, "/v1/payments", string(raw))
			h.is(m.t, 409, "duplicate_reference")
		}
		page, err := m.client().List(m.t.Context(), payments.Filter{})
		if err != nil || len(page.Data) != 1 {
			m.t.Errorf("%+v %v", page, err)
		}
	})
	m.holds("4 a replay is answered also where corridor and commission have changed since", func(m *market) {
		bps, off, on := int64(300), false, true
		m.change(corridor.Patch{CommissionBps: &bps, Enabled: &off})
		defer m.change(corridor.Patch{Enabled: &on})
		var again paid
		if status := m.call(http.MethodPost, "/v1/payments", collection("ONCE", with("scenario", "success")), &again); status != 200 || again.ID != first.ID || again.Commission != 250 {
			m.t.Errorf("%d %+v", status, again)
		}
		m.keyed(http.MethodPost, "/v1/payments", `{"amount":1,"currency":"XOF","msisdn":"`+awa+`","reference":"OFF","application":"zana"}`).is(m.t, 404, "env_not_found")
	})
	m.holds("4 concurrent identical requests make exactly one transaction", func(m *market) {
		var group sync.WaitGroup
		var mu sync.Mutex
		ids := map[string]int{}
		for range 10 {
			group.Go(func() {
				p, err := m.client().Create(m.t.Context(), payments.Collection{Amount: 1, Currency: "XOF", MSISDN: awa, Reference: "AT-ONCE", Application: "zana"})
				mu.Lock()
				defer mu.Unlock()
				ids[fmt.Sprint(p.ID, err)]++
			})
		}
		group.Wait()
		if len(ids) != 1 {
			m.t.Errorf("%v", ids)
		}
	})
}

// Chapter 6: commission and settlement.
func TestSandpayCommission(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	float := int64(0)
	// The balance of a payer moves by customerTotal and the float by netAmount; the
	// examples are the contract's own.
	for n, c := range []struct{ amount, bps, pct, commission, merchant, customer, net, total int64 }{
		{25000, 100, 100, 250, 250, 0, 24750, 25000},
		{25000, 100, 0, 250, 0, 250, 25000, 25250},
		{333, 150, 50, 5, 3, 2, 330, 335},
		{2500, 100, 50, 25, 13, 12, 2487, 2512},
	} {
		m.holds(fmt.Sprintf("6 %d at %d bps of which the merchant bears %d %%", c.amount, c.bps, c.pct), func(m *market) {
			m.change(corridor.Patch{CommissionBps: &c.bps, MerchantAbsorptionPct: &c.pct})
			before := m.balance(awa)
			created, err := m.client().Create(m.t.Context(), payments.Collection{Amount: c.amount, Currency: "XOF", MSISDN: awa, Reference: fmt.Sprint("SPLIT-", n), Application: "zana", Scenario: "success"})
			must(m.t, err)
			zero := int64(0) // frozen at creation
			m.change(corridor.Patch{CommissionBps: &zero})
			m.ended(created.ID)
			p, err := m.client().Get(m.t.Context(), created.ID)
			must(m.t, err)
			mode := map[bool]string{true: "merchant", false: "customer"}[c.pct >= 50]
			if p.Commission != c.commission || p.MerchantShare != c.merchant || p.CustomerShare != c.customer || p.NetAmount != c.net || p.CustomerTotal != c.total ||
				*p.MerchantAbsorptionPct != c.pct || p.CommissionMode != mode || p.Amount != c.amount {
				m.t.Errorf("%+v", p)
			}
			float += c.net
			if debited := before - m.balance(awa); debited != c.total || m.float() != float {
				m.t.Errorf("the payer gave %d, the float is %d, want %d", debited, m.float(), float)
			}
		})
	}
	m.holds("6 nothing moves in any other status", func(m *market) {
		before := m.balance(awa)
		for _, scenario := range []string{"pin_invalid", "low_balance", "timeout", "blocked", "cancelled", "unknown_msisdn", "limit_exceeded", "maintenance", "duplicate"} {
			m.ended(m.collect("NOTHING-"+scenario, with("scenario", scenario)).ID)
		}
		if m.balance(awa) != before || m.float() != float {
			m.t.Errorf("the payer has %d of %d, the float is %d of %d", m.balance(awa), before, m.float(), float)
		}
	})
}
