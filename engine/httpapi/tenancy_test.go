package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
)

// target is a route's path with our invoice and message in it, and a body that
// would do something.
func target(r httpapi.Route, inv, held shown) (path, body string) {
	path = strings.Replace(r.Path, "*", "v1/invoice.json", 1)
	if strings.HasPrefix(path, "/si/messages/") {
		path = strings.Replace(path, "{id}", string(held.MessageID), 1)
	}
	path = strings.Replace(path, "{id}", inv.ID, 1)
	switch {
	case r.Method == http.MethodPut:
		body = `{"invoice":{}}`
	case strings.HasSuffix(path, "/resolve"):
		body = `{"outcome":"FAILED","evidence":"I say so and so it is."}`
	case strings.HasSuffix(path, "/replay"):
		body = `{"ids":["` + string(held.MessageID) + `"]}`
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/invoices"):
		body = `{"invoice":{}}`
	}
	return path, body
}

func TestAnotherTenantsKeyReachesNothingOnAnyRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inv, held := w.signed("TENANT-1"), w.held("TENANT-2")
	w.clock.Add(hour)
	ours := []string{inv.ID, held.ID, string(inv.MessageID), string(held.MessageID), string(w.ours.connection), "TENANT-1", "TENANT-2"}
	named := 0
	for _, r := range httpapi.Routes() {
		if r.Scope == "" {
			continue
		}
		path, body := target(r, inv, held)
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
		for _, id := range ours {
			if strings.Contains(string(got.body), id) && !strings.Contains(body, id) {
				t.Errorf("%s %s shows %s: %s", r.Method, r.Path, id, got.body)
			}
		}
	}
	if named < 5 {
		t.Fatalf("only %d routes name a resource", named)
	}
	if after := w.read(held.ID); after.HeldReason == nil || after.Status != "DRAFT" {
		t.Errorf("another tenant changed our held invoice: %+v", after)
	}
	if after := w.read(inv.ID); after.Status != "COMPLETED" {
		t.Errorf("another tenant changed our signed invoice: %+v", after)
	}
}

func TestEveryRouteWantsAKeyWithItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inv, held := w.signed("SCOPE-1"), w.held("SCOPE-2")
	lacking := map[domain.Scope][]string{
		domain.ScopeRead: {w.ours.ops}, domain.ScopeWrite: {w.ours.read, w.ours.ops}, domain.ScopeOps: {w.ours.read, w.ours.write},
	}
	revoked := w.tenant("Gone", domain.Sandbox)
	id, _, _ := strings.Cut(revoked.all, ":")
	must(t, w.tenants.RevokeKey(t.Context(), revoked.environment.ID, domain.KeyID(id)))
	wrong := w.ours.all[:len(w.ours.all)-4] + "AAAA"
	for _, r := range httpapi.Routes() {
		path, body := target(r, inv, held)
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
