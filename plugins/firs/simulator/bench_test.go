package simulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/firs/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provisioned makes the businesses of all tests once: their keys take time.
var provisioned = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "firs")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "deep", "keys.json")
	keys, err := simulator.OpenKeyFile(path)
	if err != nil {
		return nil, err
	}
	s := simulator.New(simulator.Options{Keys: keys})
	for _, tin := range []string{"15631438-0242", "20198222-0002"} {
		if _, err := s.Provision(simulator.Provision{Name: "Business " + tin, TIN: tin}); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(path)
})

type bench struct {
	*simulator.Simulator
	url    string
	client *http.Client // of this server alone: another one that closes breaks no request of it
	us     simulator.Business
	buyer  simulator.Business
}

func setup(t testing.TB, o simulator.Options) *bench {
	t.Helper()
	raw, err := provisioned()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Keys, err = simulator.OpenKeyFile(path); err != nil {
		t.Fatal(err)
	}
	b := &bench{Simulator: simulator.New(o)}
	server := httptest.NewServer(b)
	b.url, b.client = server.URL, server.Client()
	t.Cleanup(func() {
		_ = b.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	b.us, b.buyer = b.provision(t, "15631438-0242", ""), b.provision(t, "20198222-0002", "")
	return b
}

func (b *bench) provision(t testing.TB, tin, webhook string) simulator.Business {
	t.Helper()
	business, err := b.Provision(simulator.Provision{TIN: tin, WebhookURL: webhook})
	if err != nil {
		t.Fatal(err)
	}
	return business
}

func (b *bench) irn(number string) string { return number + "-" + b.us.ServiceID + "-20261123" }

// invoice is a body that validates, changed by replacing texts in it.
func (b *bench) invoice(number string, replace ...string) string {
	text := `{"business_id":"` + b.us.BusinessID + `","irn":"` + b.irn(number) + `","issue_date":"2026-11-23","due_date":"2026-12-23",
 "invoice_type_code":"381","invoice_kind":"B2B","document_currency_code":"NGN","tax_currency_code":"NGN",
 "accounting_supplier_party":{"party_name":"Ada","tin":"15631438-0242","email":"a@ada.ng","telephone":"+2348012345678","postal_address":{"street_name":"1 Marina","city_name":"Lagos","postal_zone":"100001","country":"NG"}},
 "accounting_customer_party":{"party_name":"Bola","tin":"20198222-0002","email":"b@bola.ng"},
 "tax_total":[{"tax_amount":7.28,"tax_subtotal":[{"taxable_amount":97,"tax_amount":7.28,"tax_category":{"id":"STANDARD_GST","percent":7.5}}]}],
 "legal_monetary_total":{"line_extension_amount":100,"tax_exclusive_amount":97,"tax_inclusive_amount":104.28,"payable_amount":104.28},
 "invoice_line":[{"hsn_code":"2203.00","product_category":"Beer","invoiced_quantity":1,"line_extension_amount":100,"discount_amount":5,"fee_amount":2,"item":{"name":"Stout"},"price":{"price_amount":100,"base_quantity":1,"price_unit":"NGN per 1"}}]}`
	return strings.NewReplacer(replace...).Replace(text)
}

// ask sends one request with our keys; status 0 is no answer.
func (b *bench) ask(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	return b.askAs(t, b.us, method, path, body)
}

func (b *bench) askAs(t testing.TB, who simulator.Business, method, path, body string) (int, string) {
	t.Helper()
	return b.send(t.Context(), who, method, path, body)
}

func (b *bench) send(ctx context.Context, who simulator.Business, method, path, body string) (int, string) {
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, io.NopCloser(bytes.NewBufferString(body)))
	if err != nil {
		return 0, err.Error()
	}
	r.ContentLength = int64(len(body))
	if body == "" {
		r.Body = http.NoBody
	}
	r.Header.Set("x-api-key", who.APIKey)
	r.Header.Set("x-api-secret", who.APISecret)
	res, err := b.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(raw)
}

func (b *bench) sign(t testing.TB, number string) int {
	t.Helper()
	status, _ := b.ask(t, "POST", "/api/v1/invoice/sign", b.invoice(number))
	return status
}

// failure is the error object of an answer.
type failure struct {
	Error *struct {
		ID, Handler, Details string
		Public               string `json:"public_message"`
	}
}

func (b *bench) wantRefusal(t *testing.T, method, path, body, handler, details, public string) {
	t.Helper()
	status, text := b.ask(t, method, path, body)
	var f failure
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Error == nil {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if status != 400 || f.Error.Handler != handler || f.Error.Details != details || f.Error.Public != public || len(f.Error.ID) != 36 {
		t.Errorf("%s %s: %d %s\nwant %s, %q, %q", method, path, status, text, handler, details, public)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(5 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s := setup(b, simulator.Options{NoDuplicateGuard: true})
	bodies := make([]string, 0, 4096)
	for i := range cap(bodies) {
		bodies = append(bodies, s.invoice(fmt.Sprintf("INV%d", i)))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := httptest.NewRequest("POST", "/api/v1/invoice/sign", strings.NewReader(bodies[i%len(bodies)]))
		r.Header.Set("x-api-key", s.us.APIKey)
		r.Header.Set("x-api-secret", s.us.APISecret)
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusCreated {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
		i++
	}
}
