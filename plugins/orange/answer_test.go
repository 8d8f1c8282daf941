package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestALongPayTokenTravelsInTheState(t *testing.T) {
	t.Parallel()
	b, long := setup(t, webpay), strings.Repeat("v1x", 100)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "transactionstatus") {
			var q map[string]any
			if json.NewDecoder(r.Body).Decode(&q) != nil || q["pay_token"] != long || q["amount"] != 500.0 {
				t.Errorf("asked with %v", q)
			}
			fmt.Fprint(w, `{"status":"SUCCESS","order_id":"`+reference+`","txnid":"MP1"}`)
			return
		}
		fmt.Fprint(w, `{"pay_token":"`+long+`","payment_url":"https://pay.example/","notif_token":"n"}`)
	}))
	if out := b.collect(t, payment()); out.ProviderTxID != "" {
		t.Errorf("%+v", out)
	}
	if found := b.find(t); found.Status != schemas.PaymentSuccess {
		t.Errorf("%+v", found)
	}
	b.State = nil
	if found := b.find(t); found.Result != schemas.LookupCannotTell {
		t.Errorf("without the token: %+v", found)
	}
}

func TestNoAnswerQuotesASecret(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":"%s","message":"%s, %s and %s"}`, r.Header.Get("X-Auth-Token"), r.Header.Get("Authorization"), r.Header.Get("X-Auth-Token"), b.Settings["merchantKey"])
		}))
		failure := b.WantError(t, schemas.OpPaymentCollect, payment(), classRejected, "refused_by_operator")
		said := failure.String()
		for _, name := range []string{"clientSecret", "merchantKey", "authToken"} {
			if secret, set := b.Settings[name].(string); set && strings.Contains(said, secret) {
				t.Errorf("%s is in %s", name, said)
			}
		}
		if strings.Contains(said, "token-of-a-stranger") {
			t.Errorf("the access token is in %s", said)
		}
	}
}

// TestNoStatusQuotesASecret is about what is kept of an answer that is no error.
func TestNoStatusQuotesASecret(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		b.State = []byte(`{"v":1,"payToken":"MP1"}`)
		b.Set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
			quoted := fmt.Sprintf(`"status":"PENDING","inittxnmessage":"%s %s %v"`, r.Header.Get("Authorization"), r.Header.Get("X-Auth-Token"), b.Settings["clientSecret"])
			fmt.Fprintf(w, `{%s,"data":{%s}}`, quoted, quoted)
		}))
		found := string(b.find(t).Raw)
		for _, secret := range []any{"token-of-a-stranger", b.Settings["authToken"], b.Settings["clientSecret"]} {
			if secret != nil && strings.Contains(found, fmt.Sprint(secret)) {
				t.Errorf("%v is in %s", secret, found)
			}
		}
		if !strings.Contains(found, "Bearer [redacted]") {
			t.Errorf("%s keeps %s", dialect, found)
		}
	}
}
