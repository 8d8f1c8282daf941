package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
)

// things are what a tenant has: of each kind one that a route can name.
type things struct {
	invoice, held shown
	hook          webhook
	event, failed string
	known         []string // what no other tenant may read
}

// ourThings makes one of each kind.
func (w *world) ourThings(prefix string) things {
	w.t.Helper()
	h := w.hook()
	h.answer(http.StatusBadRequest, "no")
	o := things{invoice: w.signed(prefix + "-1"), held: w.held(prefix + "-2"), hook: w.webhook(h.URL)}
	o.event = w.published(prefix + "-CUSTOMER")
	w.deliver()
	o.failed = w.listed("?webhookId=" + o.hook.ID)[0].ID
	w.clock.Add(hour)
	o.known = []string{
		o.invoice.ID, o.held.ID, string(o.invoice.MessageID), string(o.held.MessageID), string(w.ours.connection), prefix + "-1", prefix + "-2",
		o.hook.ID, o.hook.URL, o.hook.Secret, o.event, o.failed, prefix + "-CUSTOMER",
	}
	return o
}

// target is a route's path with our thing in it, and a body that would do
// something.
func (o things) target(r httpapi.Route) (path, body string) {
	path = strings.Replace(r.Path, "*", "v1/invoice.json", 1)
	for prefix, id := range map[string]string{
		"/si/messages/": string(o.held.MessageID), "/v1/webhooks/": o.hook.ID, "/v1/events/": o.event, "/v1/deliveries/": o.failed, "/si/invoices/": o.invoice.ID,
	} {
		if strings.HasPrefix(path, prefix) {
			path = strings.Replace(path, "{id}", id, 1)
		}
	}
	return path, map[string]string{
		"POST /si/invoices":              `{"invoice":{}}`,
		"PUT /si/invoices/{id}":          `{"invoice":{}}`,
		"POST /si/messages/{id}/resolve": `{"outcome":"FAILED","evidence":"I say so and so it is."}`,
		"POST /si/dlq/replay":            `{"ids":["` + string(o.held.MessageID) + `"]}`,
		"POST /v1/webhooks":              `{"url":"https://theirs.example/","events":["*"]}`,
		"PUT /v1/webhooks/{id}":          `{"url":"https://theirs.example/"}`,
		"POST /v1/webhooks/{id}/replay":  `{"since":"2025-08-05T00:00:00Z"}`,
		"POST /v1/events":                `{"event":"customer.created","data":` + aCustomer + `}`,
		"POST /v1/deliveries/replay":     `{"filter":{"webhookId":"` + o.hook.ID + `"}}`,
		"POST /onboarding/test-callback": `{"url":"https://10.0.0.1/"}`,
		"POST /si/callbacks/dlq/replay":  `{"ids":["` + o.failed + `"]}`,
	}[r.Method+" "+r.Path]
}

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
		if strings.Contains(r.Path, "{id}") {
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
