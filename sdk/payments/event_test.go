package payments_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
	"github.com/afara-dev/afara/sdk/payments/paymentstest"
	"github.com/afara-dev/afara/sdk/webhook"
)

// The vector of the contract.
const (
	vectorSecret    = "whsec_test"
	vectorBody      = `{"event":"payment.completed","tx_id":"TX_8K3M9F"}`
	vectorSignature = "sha256=fac0075c747ac316a5fbd6a4150e56d2bf66a177afbfb5b192799877a0ebad55"
)

func signature(text string) http.Header {
	h := http.Header{}
	if text != "" {
		h.Set("X-SandPay-Signature", text)
	}
	return h
}

func signed(body string) http.Header {
	return signature("sha256=" + webhook.SignBody(vectorSecret, []byte(body)))
}

func TestAnEventIsBelievedForItsSignatureOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		secrets    []string
		header     http.Header
		want       error
	}{
		{"the vector", vectorBody, []string{vectorSecret}, signature(vectorSignature), nil},
		{"while a secret is replaced", vectorBody, []string{"whsec_new", vectorSecret}, signature(vectorSignature), nil},
		{"another body", vectorBody + " ", []string{vectorSecret}, signature(vectorSignature), webhook.ErrSignature},
		{"another secret", vectorBody, []string{"whsec_new"}, signature(vectorSignature), webhook.ErrSignature},
		{"no secret", vectorBody, nil, signature(vectorSignature), webhook.ErrNoSecret},
		{"an empty secret", vectorBody, []string{""}, signature("sha256=" + webhook.SignBody("", []byte(vectorBody))), webhook.ErrSignature},
		{"no signature", vectorBody, []string{vectorSecret}, signature(""), webhook.ErrHeader},
		{"no hexadecimal", vectorBody, []string{vectorSecret}, signature("sha256=zz"), webhook.ErrHeader},
	} {
		e, err := payments.ReadEvent(c.secrets, c.header, []byte(c.body))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (e.Event != payments.EventPaymentCompleted || e.TxID != "TX_8K3M9F" || e.Key() != "TX_8K3M9F payment.completed" || e.Status.Final()) {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

func TestEveryFieldOfAnEventIsRead(t *testing.T) {
	t.Parallel()
	s, c, _ := newService(t)
	s.SetAbsorption(50)
	in := collection("r1")
	in.OrderRef, in.OrderURL, in.IsURLProtected, in.Description, in.Scenario = "o1", "https://shop.example/o1", true, "d", payments.ScenarioSuccess
	p, err := c.Create(t.Context(), in)
	must(t, err)
	d := s.Deliveries()[0]
	e, err := payments.ReadEvent([]string{paymentstest.Secret}, d.Header, d.Body)
	must(t, err)
	pct := int64(50)
	want := payments.Event{
		Event: payments.EventPaymentCompleted, TxID: p.ID, Type: payments.TypeCollection, OrgID: "org_1", EnvID: "mtn_RW", Country: "RW", Operator: "mtn",
		Currency: "RWF", MSISDN: payer, Status: payments.Success, Amount: 25000, Commission: 250, NetAmount: 24875, CustomerTotal: 25125,
		MerchantAbsorptionPct: &pct, MerchantShare: 125, CustomerShare: 125, CommissionMode: "merchant", LatencyMS: 800,
		CreatedAt: p.CreatedAt, CompletedAt: e.CompletedAt, Scenario: "success", ProviderTxID: "SIM_" + p.ID,
		OrderRef: "o1", OrderURL: "https://shop.example/o1", IsURLProtected: true, Description: "d", Raw: json.RawMessage(`{"_simulated":true}`),
	}
	if !reflect.DeepEqual(e, want) || e.CompletedAt.Before(e.CreatedAt) {
		t.Errorf("got %+v\nwant %+v", e, want)
	}
}

func TestAmountsInQuotesAndNullsAreTaken(t *testing.T) {
	t.Parallel()
	read := func(body string) (payments.Event, error) {
		return payments.ReadEvent([]string{vectorSecret}, signed(body), []byte(body))
	}
	e, err := read(`{"event":"payment.completed","tx_id":"TX_1","amount":"25000","net_amount":null,"raw":null,"merchant_absorption_pct":null,"scenario":null,"created_at":null}`)
	if err != nil || e.Amount != 25000 || e.NetAmount != 25000 || e.Raw != nil || e.MerchantAbsorptionPct != nil {
		t.Errorf("%+v, %v", e, err)
	}
	for _, body := range []string{
		"", "[]", "{}", `{"event":"payment.completed"}`, `{"tx_id":"TX_1"}`, `{"event":"e","tx_id":"../1"}`, `{"event":"e","tx_id":"TX_1","amount":"1.5"}`,
		`{"event":"e","tx_id":"TX_1","amount":1e30}`, `{"event":"e","tx_id":"TX_1","amount":"x"}`, vectorBody + vectorBody,
	} {
		if e, err := read(body); err == nil {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestTheReceiverAnswersForWhatItIsSent(t *testing.T) {
	t.Parallel()
	var got []string
	var fails error
	rc := payments.Receiver{Secrets: []string{vectorSecret}, MaxBody: 100, Handle: func(_ context.Context, e payments.Event) error {
		got = append(got, e.Key())
		return fails
	}}
	send := func(rc payments.Receiver, method, body string, h http.Header) int {
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.Header = h
		w := httptest.NewRecorder()
		rc.ServeHTTP(w, r)
		return w.Code
	}
	long := strings.Repeat(" ", 101)
	for _, c := range []struct {
		name, method, body string
		header             http.Header
		want               int
	}{
		{"good", http.MethodPost, vectorBody, signature(vectorSignature), http.StatusNoContent},
		{"forged", http.MethodPost, vectorBody + " ", signature(vectorSignature), http.StatusUnauthorized},
		{"not signed", http.MethodPost, vectorBody, http.Header{}, http.StatusUnauthorized},
		{"of something else", http.MethodPost, `{"event":"invoice.signed"}`, signed(`{"event":"invoice.signed"}`), http.StatusBadRequest},
		{"long", http.MethodPost, long, signed(long), http.StatusRequestEntityTooLarge},
		{"by GET", http.MethodGet, "", http.Header{}, http.StatusMethodNotAllowed},
	} {
		if status := send(rc, c.method, c.body, c.header); status != c.want {
			t.Errorf("%s: %d, want %d", c.name, status, c.want)
		}
	}
	if len(got) != 1 {
		t.Errorf("handled %v", got)
	}
	fails = errors.New("the database is away")
	if status := send(rc, http.MethodPost, vectorBody, signature(vectorSignature)); status != http.StatusInternalServerError {
		t.Errorf("not stored: %d", status)
	}
	if status := send(payments.Receiver{Handle: rc.Handle}, http.MethodPost, vectorBody, signature(vectorSignature)); status != http.StatusUnauthorized || len(got) != 2 {
		t.Errorf("without a secret: %d, %v", status, got)
	}
}
