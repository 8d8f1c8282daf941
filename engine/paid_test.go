package engine_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	firs "github.com/afara-dev/afara/plugins/firs/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// bill is the part of an invoice's answer that tells of payments.
type bill struct {
	answer
	PaymentStatus string  `json:"paymentStatus"`
	Paid          float64 `json:"paidAmount"`
	Due           float64 `json:"dueAmount"`
	Report        *struct {
		Status string  `json:"status"`
		Reason *string `json:"reason"`
	} `json:"paymentReport"`
}

// asked is a collection of an invoice.
type asked struct {
	paid
	InvoiceID   *string `json:"invoiceId"`
	InvoiceNote *string `json:"invoiceNote"`
}

// register connects the market to the authority, with an endpoint for what is
// told of invoices that are paid.
func (m *market) register() {
	m.t.Helper()
	m.authority = firs.New(firs.Options{})
	server := httptest.NewServer(m.authority)
	m.t.Cleanup(func() { _ = m.authority.Close(); server.Close() })
	business, err := m.authority.Provision(firs.Provision{Name: "Zana", TIN: "12345678-0001", Email: "tax@zana.example"})
	must(m.t, err)
	m.authorityURL, m.business = server.URL, business
	m.connect(business)
	must(m.t, m.net.PutSIM(simnet.SIM{Operator: "mtn", Number: awa, Country: "CI", Currency: "XOF", PIN: "1234", Balance: 5_000_000}))
	var hook struct{ Data struct{ Secret string } }
	m.call(http.MethodPost, "/v1/webhooks", map[string]any{"url": m.receiver.URL, "events": []string{schemas.EventInvoicePaid, schemas.EventReceiptCreated}}, &hook)
	m.receiver.secrets = append(m.receiver.secrets, hook.Data.Secret)
}

// bill is an invoice in francs that is signed; what it is over is as the sample.
func (m *market) bill(number string) bill {
	m.t.Helper()
	inv := m.invoice(number)
	inv["document_currency_code"] = "XOF"
	delete(inv, "callback_url")
	var made bill
	if status := m.call(http.MethodPost, "/si/invoices", map[string]any{"invoice": inv}, &made); status != http.StatusAccepted {
		m.t.Fatalf("%s: %d", number, status)
	}
	return m.when(made.ID, func(b bill) bool { return b.Status == "COMPLETED" })
}

// when waits until an invoice is as it should be.
func (m *market) when(id string, is func(bill) bool) (b bill) {
	m.t.Helper()
	eventually(m.t, "the invoice is as it should be", func() bool {
		b = bill{}
		m.call(http.MethodGet, "/si/invoices/"+id, nil, &b)
		return is(b)
	})
	return b
}

// hears waits for so many events and answers them by type.
func (m *market) hears(n int) map[string][]event {
	m.t.Helper()
	seen := map[string][]event{}
	deadline := time.After(time.Minute)
	for range n {
		select {
		case e := <-m.receiver.events:
			if e.invalid != nil {
				m.t.Errorf("%s: %v", e.Type, e.invalid)
			}
			seen[e.Type] = append(seen[e.Type], e)
		case <-deadline:
			m.t.Fatalf("heard of %v", seen)
		}
	}
	return seen
}

// told is the payment status that the authority has of an invoice.
func (m *market) told(irn string) string {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.authorityURL+"/api/v1/invoice/confirm/"+irn, nil)
	must(m.t, err)
	req.Header.Set("x-api-key", m.business.APIKey)
	req.Header.Set("x-api-secret", m.business.APISecret)
	resp, err := client.Do(req)
	must(m.t, err)
	defer resp.Body.Close()
	var confirmed struct {
		Data struct {
			PaymentStatus string `json:"payment_status"`
		} `json:"data"`
	}
	must(m.t, json.NewDecoder(resp.Body).Decode(&confirmed))
	return confirmed.Data.PaymentStatus
}

func TestACustomerPaysAnInvoiceInTwoPartsAndTheAuthorityIsTold(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.register()
	b := m.bill("PAY-1")
	total := int64(b.Due)
	if b.PaymentStatus != "PENDING" || b.Report != nil || float64(total) != b.Due || total < 2_000 {
		t.Fatalf("an unpaid invoice: %+v", b)
	}
	ask := map[string]any{"msisdn": awa, "application": "zana", "amount": 1_000}
	path := "/si/invoices/" + b.ID + "/payment-requests"
	var first, again asked
	if status := m.call(http.MethodPost, path, ask, &first); status != 201 || first.InvoiceID == nil || *first.InvoiceID != b.ID || first.OrderRef != "PAY-1" {
		t.Fatalf("asked: %d %+v", status, first)
	}
	if status := m.call(http.MethodPost, path, ask, &again); status != 200 || again.ID != first.ID {
		t.Errorf("asked again: %d %+v", status, again)
	}
	m.answer(awa, "approve", "1234")
	b = m.when(b.ID, func(b bill) bool { return b.PaymentStatus == "PARTIAL" })
	if b.Paid != 1_000 || b.Due != float64(total-1_000) || b.Report != nil || m.told(*b.IRN) != "PENDING" {
		t.Errorf("a part: %+v, the authority has %s", b, m.told(*b.IRN))
	}
	var listed struct{ Data []bill }
	m.call(http.MethodGet, "/si/invoices?paymentStatus=PARTIAL", nil, &listed)
	if len(listed.Data) != 1 || listed.Data[0].ID != b.ID {
		t.Errorf("listed %+v", listed.Data)
	}
	delete(ask, "amount") // all that is left
	var rest asked
	if status := m.call(http.MethodPost, path, ask, &rest); status != 201 || rest.Amount != total-1_000 {
		t.Fatalf("the rest: %d %+v", status, rest)
	}
	m.answer(awa, "approve", "1234")
	b = m.when(b.ID, func(b bill) bool { return b.Report != nil && b.Report.Status == "REPORTED" })
	if b.PaymentStatus != "PAID" || b.Paid != float64(total) || b.Due != 0 || m.told(*b.IRN) != "PAID" {
		t.Errorf("paid: %+v, the authority has %s", b, m.told(*b.IRN))
	}
	seen := m.hears(3)
	if receipts := seen[schemas.EventReceiptCreated]; len(receipts) != 2 || receipts[0].Data["invoiceId"] != b.ID || receipts[0].Data["invoiceNumber"] != "PAY-1" {
		t.Errorf("receipts %+v", receipts)
	}
	if done := seen[schemas.EventInvoicePaid]; len(done) != 1 || done[0].Data["id"] != b.ID || done[0].Data["payment_status"] != "PAID" {
		t.Errorf("invoice.paid %+v", done)
	}
	var refused struct{ Code string }
	if status := m.call(http.MethodPost, path, ask, &refused); status != 409 || refused.Code != "nothing_to_pay" {
		t.Errorf("asked for nothing: %d %+v", status, refused)
	}
	// A refund is shown and not told.
	if status := m.call(http.MethodPost, "/v1/payments/"+rest.ID+"/refund", map[string]any{"amount": 500}, nil); status != 201 {
		t.Fatalf("refund: %d", status)
	}
	b = m.when(b.ID, func(b bill) bool { return b.PaymentStatus == "PARTIAL" })
	if b.Paid != float64(total-500) || b.Report.Status != "REPORTED" || m.told(*b.IRN) != "PAID" {
		t.Errorf("refunded: %+v, the authority has %s", b, m.told(*b.IRN))
	}
}

func TestAPaymentSettlesTheInvoiceThatItNames(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.register()
	named, numbered := m.bill("NAMED-1"), m.bill("NUMBERED-1")
	m.collect("P-1", with("scenario", "success"), with("invoice_id", named.ID), with("amount", int64(named.Due)+7))
	m.collect("P-2", with("scenario", "success"), with("order_ref", "NUMBERED-1"), with("amount", int64(numbered.Due)))
	b := m.when(named.ID, func(b bill) bool { return b.Report != nil && b.Report.Status == "REPORTED" })
	if b.PaymentStatus != "PAID" || b.Paid != named.Due+7 || b.Due != 0 {
		t.Errorf("overpaid: %+v", b)
	}
	m.when(numbered.ID, func(b bill) bool { return b.Report != nil && b.Report.Status == "REPORTED" })
	inv := m.invoice("NAIRA-1")
	var naira bill
	m.call(http.MethodPost, "/si/invoices", map[string]any{"invoice": inv}, &naira)
	var refused refusal
	status := m.call(http.MethodPost, "/v1/payments", collection("P-3", with("invoice_id", naira.ID)), &refused)
	if status != 422 || refused.Error != "invoice_not_payable" || len(refused.Detail.Faults["invoice_id"]) != 1 {
		t.Errorf("another currency: %d %+v", status, refused)
	}
	var p asked
	m.call(http.MethodPost, "/v1/payments", collection("P-4", with("order_ref", "NAIRA-1")), &p)
	if p.InvoiceID != nil || p.InvoiceNote == nil || !strings.Contains(*p.InvoiceNote, "NGN") {
		t.Errorf("its number in another currency: %+v", p)
	}
}
