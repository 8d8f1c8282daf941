package httpapi_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/plugins/simnet"
)

// things are what a tenant has: of each kind one that a route can name.
type things struct {
	invoice, held shown
	hook          webhook
	event, failed string
	connection    string
	store, number string
	late          string
	prompt        string
	known         []string // what no other tenant may read
}

// ourThings makes one of each kind.
func (w *world) ourThings(prefix string) things {
	w.t.Helper()
	o := things{store: strings.ToLower(prefix) + "-market", number: "+2250501234567"}
	payments := w.mtn(w.ours, "CI")
	w.want(http.StatusCreated, nil, w.ours.write, "PUT", "/si/corridors/mtn/CI", "")
	w.want(http.StatusCreated, nil, w.ours.write, "POST", "/si/stores", `{"slug":"`+o.store+`"}`)
	o.late = w.latePayment(w.ours, prefix+"-LATE")
	h := w.hook()
	h.answer(http.StatusBadRequest, "no")
	o.invoice, o.held, o.hook = w.signed(prefix+"-1"), w.held(prefix+"-2"), w.webhook(h.URL)
	o.connection = string(w.ours.connection)
	o.event = w.published(prefix + "-CUSTOMER")
	w.deliver()
	o.failed = w.listed("?webhookId=" + o.hook.ID)[0].ID
	w.want(http.StatusCreated, nil, w.ours.write, "POST", "/si/test-clients", `{"msisdn":"`+o.number+`","balance":50000}`)
	entry := w.posted(w.ours, "collection", "TX_"+prefix, 98765)
	booked := w.adjusted(transfer("credit", 45678, prefix+"-TRANSFER"))
	w.clock.Add(hour)
	o.prompt = w.host.phones.prompt(w.t, o.number, prefix+"-payment", 1000)
	o.known = []string{
		o.late, string(w.message(o.late)), prefix + "-LATE",
		o.invoice.ID, o.held.ID, string(o.invoice.MessageID), string(o.held.MessageID), string(w.ours.connection), prefix + "-1", prefix + "-2",
		o.hook.ID, o.hook.URL, o.hook.Secret, o.event, o.failed, prefix + "-CUSTOMER", string(payments), o.store, o.number, o.prompt,
		string(entry.ID), entry.Resource, ":98765", booked.ID, booked.EntryID, ":45678", ":144443", prefix + "-TRANSFER",
	}
	return o
}

// target is a route's path with our thing in it, and a body that would do
// something.
func (o things) target(r httpapi.Route) (path, body string) {
	path = strings.Replace(r.Path, "*", "v1/invoice.json", 1)
	for prefix, id := range map[string]string{
		"/si/messages/": string(o.held.MessageID), "/v1/webhooks/": o.hook.ID, "/v1/events/": o.event, "/v1/deliveries/": o.failed, "/si/invoices/": o.invoice.ID,
		"/si/connections/": o.connection, "/si/test-clients/": o.prompt, "/si/payments/": o.late, "/v1/payments/": o.late,
	} {
		if strings.HasPrefix(path, prefix) {
			path = strings.Replace(path, "{id}", id, 1)
		}
	}
	path = strings.NewReplacer("{operator}", "mtn", "{country}", "CI", "{slug}", o.store, "{msisdn}", o.number, "{connector}", connectorName, "{connectionId}", o.connection, "{kind}", "told").Replace(path)
	return path, map[string]string{
		"POST /si/invoices":                       `{"invoice":{}}`,
		"PUT /si/invoices/{id}":                   `{"invoice":{}}`,
		"POST /si/invoices/{id}/payment-requests": `{"msisdn":"` + o.number + `","application":"` + o.store + `"}`,
		"POST /si/messages/{id}/resolve":          `{"outcome":"FAILED","evidence":"I say so and so it is."}`,
		"POST /si/dlq/replay":                     `{"ids":["` + string(o.held.MessageID) + `"]}`,
		"POST /v1/webhooks":                       `{"url":"https://theirs.example/","events":["*"]}`,
		"PUT /v1/webhooks/{id}":                   `{"url":"https://theirs.example/"}`,
		"POST /v1/webhooks/{id}/replay":           `{"since":"2025-08-05T00:00:00Z"}`,
		"POST /v1/events":                         `{"event":"customer.created","data":` + aCustomer + `}`,
		"POST /v1/deliveries/replay":              `{"filter":{"webhookId":"` + o.hook.ID + `"}}`,
		"POST /si/connections":                    `{"connector":"none","settings":{}}`,
		"PUT /si/connections/{id}":                `{"name":"theirs","settings":{"apiKey":"theirs"}}`,
		"POST /si/connections/{id}/rollback":      `{"version":1}`,
		"POST /si/connections/{id}/preview":       `{"stream":"items"}`,
		"POST /onboarding/test-callback":          `{"url":"https://10.0.0.1/"}`,
		"POST /si/callbacks/dlq/replay":           `{"ids":["` + o.failed + `"]}`,
		"POST /v1/payments":                       `{"amount":1,"currency":"XOF","msisdn":"` + o.number + `","reference":"THEIRS","application":"` + o.store + `"}`,
		"POST /v1/payments/{id}/refund":           `{"amount":1}`,
		"POST /si/float/adjustments":              transfer("debit", 1, "THEIRS"),
		"POST /v1/disbursements":                  `{"amount":1,"currency":"XOF","msisdn":"` + o.number + `","application":"` + o.store + `"}`,

		"PUT /si/corridors/{operator}/{country}":      `{"commissionBps":1}`,
		"POST /si/stores":                             `{"slug":"theirs"}`,
		"PUT /si/stores/{slug}":                       `{"name":"theirs"}`,
		"POST /si/test-clients":                       `{"msisdn":"` + o.number + `","balance":1}`,
		"PUT /si/test-clients/{msisdn}":               `{"balance":1}`,
		"POST /si/test-clients/{msisdn}/prompts/{id}": `{"answer":"approve"}`,
	}[r.Method+" "+r.Path]
}

// namesThing is a path with something of a tenant's in it.
var namesThing = regexp.MustCompile(`\{(id|slug|msisdn|country)\}`)

func TestAnotherTenantsKeyReachesNothingOnAnyRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.ourThings("TENANT")
	secrets, err := w.tenants.SigningSecrets(t.Context(), w.ours.environment.ID)
	must(t, err)
	named := 0
	for _, r := range httpapi.Routes() {
		if r.Scope == "" {
			continue
		}
		path, body := o.target(r)
		got := w.call(w.theirs.all, r.Method, path, body)
		makes := r.Method+" "+r.Path == "PUT /si/corridors/{operator}/{country}" // in their own environment, if they could
		if namesThing.MatchString(r.Path) && !makes {
			named++
			if got.status != http.StatusNotFound {
				t.Errorf("%s %s: status %d, want 404: %s", r.Method, r.Path, got.status, got.body)
			}
		}
		if r.Path == "/si/dlq/replay" && !strings.Contains(string(got.body), `"replayed":[]`) {
			t.Errorf("another tenant replayed our message: %s", got.body)
		}
		if (r.Path == "/v1/deliveries/replay" || r.Path == "/si/callbacks/dlq/replay") && !strings.Contains(string(got.body), `"matched":0`) {
			t.Errorf("another tenant replayed our delivery: %s", got.body)
		}
		for _, id := range o.known {
			if strings.Contains(string(got.body), id) && !strings.Contains(body, id) {
				t.Errorf("%s %s shows %s: %s", r.Method, r.Path, id, got.body)
			}
		}
	}
	if named < 15 {
		t.Fatalf("only %d routes name a resource", named)
	}
	w.unharmed(o, secrets)
}

// unharmed fails when somebody has changed our things.
func (w *world) unharmed(o things, secrets []string) {
	w.t.Helper()
	if after := w.read(o.held.ID); after.HeldReason == nil || after.Status != "DRAFT" {
		w.t.Errorf("another tenant changed our held invoice: %+v", after)
	}
	if after := w.read(o.invoice.ID); after.Status != "COMPLETED" {
		w.t.Errorf("another tenant changed our signed invoice: %+v", after)
	}
	var c configured
	w.want(http.StatusOK, &c, w.ours.read, "GET", "/si/connections/"+o.connection, "")
	if c.Version != 1 || !c.Enabled || c.Paused != nil || len(w.host.checked) != 0 || len(w.host.pulls) != 0 {
		w.t.Errorf("another tenant changed or tested our connection: %+v", c)
	}
	w.unharmedPayments(o)
	var p paymentRecord
	w.want(http.StatusOK, &p, w.ours.ops, "GET", "/si/payments/"+o.late, "")
	if p.LateAt == nil || p.LateEnd != nil {
		w.t.Errorf("another tenant decided our late payment: %+v", p)
	}
	var hook one[webhook]
	w.want(http.StatusOK, &hook, w.ours.read, "GET", "/v1/webhooks/"+o.hook.ID, "")
	if hook.Data.URL != o.hook.URL || !hook.Data.IsActive {
		w.t.Errorf("another tenant changed our webhook: %+v", hook.Data)
	}
	if list := w.listed("?webhookId=" + o.hook.ID); len(list) != 1 {
		w.t.Errorf("another tenant made us deliveries: %+v", list)
	}
	after, err := w.tenants.SigningSecrets(w.t.Context(), w.ours.environment.ID)
	must(w.t, err)
	if !slices.Equal(after, secrets) {
		w.t.Error("another tenant rotated our signing secret")
	}
}

// unharmedPayments fails when somebody has changed what our payments need.
func (w *world) unharmedPayments(o things) {
	w.t.Helper()
	var c shownCorridor
	w.want(http.StatusOK, &c, w.ours.read, "GET", "/si/corridors/mtn/CI", "")
	var m shownStore
	w.want(http.StatusOK, &m, w.ours.read, "GET", "/si/stores/"+o.store, "")
	if c.CommissionBps != 100 || m.Name != o.store || !m.Active {
		w.t.Errorf("another tenant changed our corridor or store: %+v %+v", c, m)
	}
	if got := w.available(w.ours); got != 98765+45678 {
		w.t.Errorf("another tenant changed our float: %d", got)
	}
	if n := w.count(`SELECT COUNT(*) FROM payment WHERE id <> $1`, o.late); n != 0 {
		w.t.Errorf("another tenant made %d payments over what is ours", n)
	}
	s, err := w.host.phones.SIM("mtn", o.number)
	if prompts := w.host.phones.Prompts(simnet.Filter{}); err != nil || s.Balance != 50000 || len(prompts) != 1 {
		w.t.Errorf("another tenant changed our SIM: %+v, %v, %+v", s, err, prompts)
	}
}

func TestEveryRouteWantsAKeyWithItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.ourThings("SCOPE")
	lacking := map[domain.Scope][]string{
		domain.ScopeRead: {w.ours.ops}, domain.ScopeWrite: {w.ours.read, w.ours.ops}, domain.ScopeOps: {w.ours.read, w.ours.write},
	}
	revoked := w.tenant("Gone", domain.Sandbox)
	id, _, _ := strings.Cut(revoked.all, ":")
	must(t, w.tenants.RevokeKey(t.Context(), revoked.environment.ID, domain.KeyID(id)))
	wrong := w.ours.all[:len(w.ours.all)-4] + "AAAA"
	for _, r := range httpapi.Routes() {
		path, body := o.target(r)
		if r.Scope == "" {
			if got := w.call("", r.Method, path, body); got.status != http.StatusOK {
				t.Errorf("%s %s: status %d without a key", r.Method, r.Path, got.status)
			}
			continue
		}
		if r.Sandpay {
			w.wantsKey(r, path, body, wrong, revoked.all, lacking[r.Scope])
			continue
		}
		for _, key := range []string{"", "nonsense", wrong, revoked.all, "key_01J00000000000000000000000:secret"} {
			p := w.refused(http.StatusUnauthorized, "unauthenticated", key, r.Method, path, body)
			if len(p.Errors) > 0 {
				t.Errorf("%s %s tells a stranger %v", r.Method, r.Path, p.Errors)
			}
		}
		for _, key := range lacking[r.Scope] {
			if p := w.refused(http.StatusForbidden, "scope_missing", key, r.Method, path, body); p.Scope != string(r.Scope) {
				t.Errorf("%s %s names scope %q, want %q", r.Method, r.Path, p.Scope, r.Scope)
			}
		}
	}
}

// wantsKey is the same of a route whose errors have the form of the payments'
// contract.
func (w *world) wantsKey(r httpapi.Route, path, body, wrong, revoked string, lacking []string) {
	w.t.Helper()
	want := map[string]string{"": "unauthorized", "nonsense": "invalid_api_key", wrong: "invalid_api_key", revoked: "invalid_api_key"}
	for _, key := range lacking {
		want[key] = "scope_missing"
	}
	for key, code := range want {
		status := http.StatusUnauthorized
		if code == "scope_missing" {
			status = http.StatusForbidden
		}
		var got struct{ Error string }
		if w.want(status, &got, key, r.Method, path, body); got.Error != code {
			w.t.Errorf("%s %s: error %q, want %q", r.Method, r.Path, got.Error, code)
		}
	}
}

func TestWriteIncludesRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(http.StatusOK, nil, w.ours.write, "GET", "/si/invoices", "")
}

func TestTheAuthorizationHeaderIsReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, value := range []string{"Basic " + w.ours.read, "Bearer", "Bearer ", w.ours.read, "Bearer " + w.ours.read + "x"} {
		w.refused(http.StatusUnauthorized, "unauthenticated", "", "GET", "/si/invoices", "", "Authorization", value)
	}
	w.want(http.StatusOK, nil, "", "GET", "/si/invoices", "", "Authorization", "bearer  "+w.ours.read)
}

func TestTheEnvironmentMustBeTheKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := string(w.theirs.environment.ID)
	w.refused(http.StatusForbidden, "environment_mismatch", w.ours.write, "POST", "/si/invoices?environmentId="+theirs, w.submission("ENV-1"))
	inBody := strings.Replace(w.submission("ENV-1"), `{"invoice"`, `{"environmentId":"`+theirs+`","invoice"`, 1)
	w.refused(http.StatusForbidden, "environment_mismatch", w.ours.write, "POST", "/si/invoices", inBody)
	if n := w.count(`SELECT COUNT(*) FROM message`); n != 0 {
		t.Errorf("%d messages stored", n)
	}
	ours := strings.Replace(inBody, theirs, string(w.ours.environment.ID), 1)
	w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices", ours)
}
