package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
	"github.com/afara-dev/afara/schemas"
)

// hook is the webhook receiver of an access point.
type hook struct {
	url string
	mu  sync.Mutex
	got []string
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.url = answering(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var n struct{ IRN, Message string }
		if json.Unmarshal(body, &n) == nil && n.IRN != "" {
			h.mu.Lock()
			h.got = append(h.got, n.Message)
			h.mu.Unlock()
		}
	})
	return h
}

func (h *hook) messages() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.got...)
}

func TestASignedInvoiceIsTransmittedWithTheAccessPointsKeys(t *testing.T) {
	t.Parallel()
	b := setupAs(t, "20198222-0002", simulator.Options{})
	h := newHook(t)
	b.set("transmits", true)
	failure := b.check(t)
	if failure.GetClass() != classUnauthorized {
		t.Fatalf("with the integrator's keys alone: %v", failure)
	}
	b.set("appApiKey", b.business.APPKey)
	b.set("appApiSecret", b.business.APPSecret)
	if failure = b.check(t); failure.GetCode() != "webhook_missing" {
		t.Fatalf("without a webhook: %v", failure)
	}
	if _, err := b.authority.Provision(simulator.Provision{TIN: b.business.TIN, WebhookURL: h.url}); err != nil {
		t.Fatal(err)
	}
	if failure = b.check(t); failure != nil {
		t.Fatalf("all set: %v", failure)
	}
	b.wantError(t, "invoice.transmit", b.about(), call{}, classRejected, "not_found")
}

func TestTransmissionIsFoundOnceItWentOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := newHook(t)
	if _, err := b.authority.Provision(simulator.Provision{TIN: b.business.TIN, WebhookURL: h.url}); err != nil {
		t.Fatal(err)
	}
	b.wantError(t, "invoice.transmit", b.about(), call{}, classRejected, "not_found")
	b.want(t, "invoice.sign", b.about(), `{}`)
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.transmit"), `{"result":"cannot_tell"}`)
	b.want(t, "invoice.transmit", b.about(), `{"transmissionStatus":"TRANSMITTING"}`)
	eventually(t, "the authority announces TRANSMITTED", func() bool { return len(h.messages()) == 2 })
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.transmit"), `{"result":"found_final"}`)
}

func TestAPaymentStatusIsReportedInTheAuthoritysWordsAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.sign", b.about(), `{}`)
	report := func(status string) []byte {
		var state []byte
		in := schemas.ReportPaymentInput{IRN: b.irn, PaymentStatus: status, Reference: "TRF-1"}
		if out, failure := b.invoke(t, "invoice.report_payment", in, call{after: &state}); failure != nil || out != `{}` {
			t.Fatalf("%s: %s, %v", status, out, failure)
		}
		return state
	}
	found := func(state []byte, want string) {
		t.Helper()
		out, failure := b.invoke(t, "invoice.lookup", b.lookup(t, "invoice.report_payment"), call{state: state})
		if failure != nil || out != `{"result":"`+want+`"}` {
			t.Errorf("look-up with %s: %s, %v; want %s", state, out, failure, want)
		}
	}
	paid := report("PAID")
	found(paid, "found_final")
	found(nil, "cannot_tell")
	found([]byte(`{"v":9}`), "cannot_tell")
	report("CANCELED") // the authority knows REJECTED by default
	found(paid, "not_found")
	b.set("paymentStatuses", map[string]string{"CANCELED": "CANCELED"})
	found(report("CANCELED"), "found_final")
}

func TestASaleToAConsumerIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("integratorServiceId", "SI000001")
	b.want(t, "invoice.report_b2c", b.about(), `{}`)
	reports := b.authority.Reports(b.irn)
	if len(reports) != 1 {
		t.Fatalf("reports: %v", reports)
	}
	in := b.lookup(t, "invoice.report_b2c")
	for name, want := range map[string]string{
		"agent_tin": reports[0]["agent_tin"], "irn": b.irn, "currency": "NGN", "transaction_date": issueDate,
		"base_amount": in.Total.TaxExclusive.String(), "vat_status": "STANDARD_VAT", "vat_rate": "7.5",
		"integrator_service_id": "SI000001", "other_taxes": "0",
	} {
		if reports[0][name] != want {
			t.Errorf("%s is %q, want %q", name, reports[0][name], want)
		}
	}
	b.want(t, "invoice.lookup", in, `{"result":"cannot_tell"}`)
}

func TestADownloadNeedsTheRightCertificate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.sign", b.about(), `{}`)
	other := setupAs(t, "20198222-0002", simulator.Options{})
	b.set("certificate", other.business.Certificate)
	b.wantError(t, "firs.download", b.about(), call{}, classMisconfigured, "download_key")
}
