package callback_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

func TestSandpayHasThePaymentInItsOwnWords(t *testing.T) {
	t.Parallel()
	const data = `{"id":"TX_8K3M9F","type":"collection","parentTxId":null,"orderRef":"ORDER-1","orderUrl":null,"isUrlProtected":false,"amount":25000,` +
		`"commission":250,"netAmount":24750,"customerTotal":25000,"merchantAbsorptionPct":100,"merchantShare":250,"customerShare":0,"commissionMode":"merchant",` +
		`"currency":"XOF","corridor":"mtn-CI","operator":"mtn","country":"CI","msisdn":"+2250700000001","reference":"secret-ref","description":null,"scenario":"success",` +
		`"status":"SUCCESS","latencyMs":900,"createdAt":"2026-03-01T08:59:58.000Z","completedAt":"2026-03-01T08:59:59.000Z","providerTxId":"SIM_1",` +
		`"raw":{"_simulated":true,"financialTransactionId":"SIM_1"},"environment":"sandbox","event":"mine"}`
	compare(t, render(t, callback.FormatSandpay, eventOf("payment.completed", data), 7), `{"event":"payment.completed","tx_id":"TX_8K3M9F","org_id":"org_01",`+
		`"type":"collection","parent_tx_id":null,"env_id":"mtn-CI","country":"CI","operator":"mtn","amount":25000,"currency":"XOF","msisdn":"+2250700000001",`+
		`"status":"SUCCESS","latency_ms":900,"created_at":"2026-03-01T08:59:58.000Z","completed_at":"2026-03-01T08:59:59.000Z","scenario":"success",`+
		`"provider_tx_id":"SIM_1","order_ref":"ORDER-1","order_url":null,"is_url_protected":false,"description":null,"commission":250,"net_amount":24750,`+
		`"customer_total":25000,"merchant_absorption_pct":100,"merchant_share":250,"customer_share":0,"commission_mode":"merchant",`+
		`"raw":{"_simulated":true,"financialTransactionId":"SIM_1"},"environment":"sandbox","data_event":"mine"}`)
}

func TestSandpayFillsWhatAPaymentDoesNotSay(t *testing.T) {
	t.Parallel()
	got := render(t, callback.FormatSandpay, eventOf("disbursement.completed", `{"amount":5}`), 7)
	if !strings.HasPrefix(got, `{"event":"disbursement.completed","tx_id":"inv_01","org_id":"org_01","type":null,"parent_tx_id":null,"env_id":null,`) ||
		!strings.Contains(got, `"amount":5,`) || !strings.Contains(got, `"completed_at":"2026-03-01T09:00:00.123Z"`) || !strings.HasSuffix(got, `"raw":null}`) {
		t.Error(got)
	}
}

func TestSandpayIsFlatForOtherEvents(t *testing.T) {
	t.Parallel()
	const head = `{"event":"customer.created","event_id":"evt_01","business_id":"org_01","occurred_at":"2026-03-01T09:00:00.123Z","sequence":7,`
	for _, c := range []struct{ name, data, want string }{
		{"snake_case stays", `{"total_amount": 1.50,"b":[ 1 ]}`, `"total_amount":1.50,"b":[ 1 ]}`},
		{"camelCase is turned", `{"customerId":"c","taxID":1,"qrURLData":{"itemId":2},"aBCd":3}`, `"customer_id":"c","tax_id":1,"qr_url_data":{"item_id":2},"a_b_cd":3}`},
		{"a member of the envelope", `{"event":1,"sequence":2,"eventId":3,"event_id":4}`, `"data_event":1,"data_sequence":2,"eventId":3,"data_event_id":4}`},
		{"two spellings", `{"taxId":1,"tax_id":2,"data_event":3,"event":4}`, `"tax_id":1,"data_tax_id":2,"data_event":3,"data_data_event":4}`},
		{"what is no camelCase stays", `{"URL":1,"Name":2,"x-y":3}`, `"URL":1,"Name":2,"x-y":3}`},
		{"foreign objects", `{"raw":{"aB":1},"metadata":{"cD":2}}`, `"raw":{"aB":1},"metadata":{"cD":2}}`},
		{"no object", `[{"aB":1}]`, `"data":[{"a_b":1}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			compare(t, render(t, callback.FormatSandpay, eventOf("customer.created", c.data), 7), head+c.want)
		})
	}
}
