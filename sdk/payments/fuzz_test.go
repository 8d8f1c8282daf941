package payments_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
)

func TestTheIdIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"id":"TX_1","tx_id":"TX_2"}`:                                          "TX_1",
		`{"tx_id":"TX_2","txId":"TX_3"}`:                                        "TX_2",
		`{"txId":"TX_3","transaction_id":"TX_4"}`:                               "TX_3",
		`{"transaction_id":"TX_4","data":{"id":"TX_5"}}`:                        "TX_4",
		`{"data":{"id":"TX_5"},"payment":{"id":"TX_6"}}`:                        "TX_5",
		`{"data":null,"payment":{"id":"TX_6"}}`:                                 "TX_6",
		`{"id":null,"tx_id":7,"txId":"","data":"TX_0","payment":{"id":"TX_6"}}`: "TX_6",
		`{"id":"a/../b","tx_id":"TX_2"}`:                                        "TX_2",
	} {
		if got, err := payments.TransactionID([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
	for _, body := range []string{"", "null", "[]", "{}", `"TX_1"`, `{"data":[{"id":"TX_1"}]}`, `{"ID":"TX_1"}`, `{"id":"TX_1"`} {
		if got, err := payments.TransactionID([]byte(body)); err == nil {
			t.Errorf("%s: %s", body, got)
		}
	}
}

func FuzzTransactionID(f *testing.F) {
	for _, s := range []string{`{"id":"TX_1"}`, `{"data":{"id":"TX_5"}}`, `{"id":{},"payment":{"id":null}}`, "[]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		id, err := payments.TransactionID(body)
		if (err == nil) != (id != "") || len(id) > 100 || strings.ContainsAny(id, "/?#. \n") {
			t.Errorf("%q: %q, %v", body, id, err)
		}
	})
}

func FuzzReadEvent(f *testing.F) {
	for _, s := range []string{vectorBody, `{"event":"e","tx_id":"TX_1","amount":"1","net_amount":null,"created_at":"2026-05-31T22:10:15Z","raw":{}}`, `{"amount":{}}`, "[]"} {
		f.Add([]byte(s), vectorSignature)
	}
	f.Fuzz(func(t *testing.T, body []byte, forged string) {
		if _, err := payments.ReadEvent([]string{vectorSecret}, http.Header{"X-Sandpay-Signature": {forged}}, body); err == nil && string(body) != vectorBody {
			t.Errorf("%q is believed for %q", body, forged)
		}
		e, err := payments.ReadEvent([]string{vectorSecret}, signed(string(body)), body)
		if err == nil && (e.Event == "" || e.TxID == "") {
			t.Errorf("%q: %+v", body, e)
		}
	})
}

// canned answers without a network.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{"Retry-After": {c.body}}, Body: io.NopCloser(strings.NewReader(c.body)), Request: r}, nil
}

// FuzzAnswer holds that whatever a service answers is a transaction, a page or a
// bounded error.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"id":"TX_1","amount":1,"netAmount":null,"raw":null}`)
	f.Add(200, `{"data":[{"id":"TX_1"}],"hasMore":false,"nextCursor":null}`)
	f.Add(400, `{"error":"invalid_body","message":"m","detail":{"fieldErrors":{"amount":["x"]}}}`)
	f.Add(429, "30")
	f.Add(201, `{"tx_id":"TX_1","idempotent":true}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		c, err := payments.New("http://host", "k", payments.WithClock(newClock()), payments.WithHTTPClient(&http.Client{Transport: canned{status, body}}))
		must(t, err)
		p, err := c.Get(t.Context(), "TX_1")
		if (err == nil) != (p.ID != "" && status < 300) {
			t.Errorf("%d %q: %+v, %v", status, body, p, err)
		}
		if _, err := c.Refund(t.Context(), "TX_1", payments.Refund{}); err != nil {
			var e *payments.Error
			if errors.As(err, &e) != (status > 299) || e != nil && len(e.Message)+len(e.Code) > 700 {
				t.Errorf("%d %q: %v", status, body, err)
			}
		}
		_, _ = c.List(t.Context(), payments.Filter{})
	})
}
