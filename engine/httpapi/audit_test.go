package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// auditor reads the audit of a world, each entry once.
type auditor struct {
	*world
	seen map[string]bool
}

func newAuditor(w *world) *auditor { return &auditor{w, w.audited()} }

// entries answers those that are new, as action, subject and detail. All of
// them are of our environment and of now, and name the key.
func (a *auditor) entries(key string) (out []string) {
	a.t.Helper()
	rows, err := a.store.Reader().Query(a.t.Context(), `SELECT id, environment_id, actor, action, subject, detail, at FROM audit ORDER BY id`)
	must(a.t, err)
	defer rows.Close()
	keyID, _, _ := strings.Cut(key, ":")
	for rows.Next() {
		var id, env, actor, action, subject, detail string
		var at int64
		must(a.t, rows.Scan(&id, &env, &actor, &action, &subject, &detail, &at))
		if a.seen[id] {
			continue
		}
		a.seen[id] = true
		if env != string(a.ours.environment.ID) || actor != keyID || at != domain.Micros(a.clock.Now()) {
			a.t.Errorf("%s of %s by %s at %d", action, env, actor, at)
		}
		out = append(out, strings.TrimSuffix(action+" "+subject+" "+detail, " "))
	}
	must(a.t, rows.Err())
	return out
}

// want fails unless the new entries are as given.
func (a *auditor) want(key string, entries ...string) {
	a.t.Helper()
	if got := a.entries(key); strings.Join(got, "\n") != strings.Join(entries, "\n") {
		a.t.Errorf("audited\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(entries, "\n"))
	}
}

func TestTheAuditKeepsWhoDidWhatToWebhooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audit := newAuditor(w)
	var made, again, next one[webhook]
	body := `{"url":"https://hooks.example/tulips","events":["*"],"headers":{"X-Token":"tulips"}}`
	w.want(http.StatusCreated, &made, w.ours.write, "POST", "/v1/webhooks", body, "Idempotency-Key", "hook-1")
	w.want(http.StatusCreated, &again, w.ours.write, "POST", "/v1/webhooks", body, "Idempotency-Key", "hook-1")
	id, path := made.Data.ID, "/v1/webhooks/"+made.Data.ID
	audit.want(w.ours.write, "webhook.create "+id+" url, events, headers")

	w.want(http.StatusOK, nil, w.ours.write, "PUT", path, `{"url":"https://hooks.example/roses","description":"books","events":["*"],"isActive":false,"headers":{"X-Token":"********"}}`)
	audit.want(w.ours.write, "webhook.change "+id+" url, description, isActive")
	w.want(http.StatusOK, nil, w.ours.all, "PUT", path, `{"events":["invoice.*"],"isActive":true,"payloadFormat":"finora","retryPolicy":{"schedule":[60]},
"rateLimit":1,"maxInFlight":2,"ordered":true,"headers":{"X-Token":"roses"},"signatures":["v1","v1a"]}`)
	audit.want(w.ours.all, "webhook.change "+id+" events, isActive, payloadFormat, retryPolicy, rateLimit, maxInFlight, ordered, headers, signatures")
	w.want(http.StatusOK, nil, w.ours.write, "PUT", path, `{"retryPolicy":{"schedule":[60]}}`)
	audit.want(w.ours.write, "webhook.change "+id+" nothing")

	w.want(http.StatusOK, &next, w.ours.write, "POST", path+"/rotate-secret", `{"overlapSeconds":60}`)
	audit.want(w.ours.write, "webhook.rotate_secret "+id+" overlapSeconds 60")
	var rotated one[struct{ Secret string }]
	w.want(http.StatusOK, &rotated, w.ours.write, "POST", "/v1/environment/rotate-secret", "")
	audit.want(w.ours.write, "environment.rotate_secret "+string(w.ours.environment.ID)+" overlapSeconds 86400")
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", path, "")
	audit.want(w.ours.write, "webhook.delete "+id)

	for _, secret := range []string{made.Data.Secret, next.Data.Secret, rotated.Data.Secret, "tulips", "roses"} {
		if n := w.count(`SELECT COUNT(*) FROM audit WHERE detail LIKE $1`, "%"+secret+"%"); n != 0 || secret == "" {
			t.Errorf("%d entries hold %q", n, secret)
		}
	}
}

func TestTheAuditKeepsWhoReplayedWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audit := newAuditor(w)
	h := w.hook()
	h.answer(http.StatusBadRequest, "")
	first, second := w.published("cus_1"), w.published("cus_2")
	hook := w.webhook(h.URL).ID
	audit.entries(w.ours.write)
	since := "/v1/webhooks/" + hook + "/replay"
	w.want(http.StatusOK, nil, w.ours.write, "POST", since, `{"since":"2025-08-05T12:00:00Z","preview":true}`)
	audit.want(w.ours.write)
	w.want(http.StatusOK, nil, w.ours.write, "POST", since, `{"since":"2025-08-05T12:00:00Z"}`)
	audit.want(w.ours.write, fmt.Sprintf("webhook.replay %s 2, %s to %s; since 2025-08-05T12:00:00Z", hook, min(first, second), max(first, second)))
	w.want(http.StatusOK, nil, w.ours.write, "POST", since, `{"since":"2025-08-05T12:00:00Z"}`) // it has all
	audit.want(w.ours.write)

	w.deliver()
	list := w.listed("")
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	newer, older := list[0], list[1]
	resource := map[string]string{first: "cus_1", second: "cus_2"}[newer.EventID]
	var made one[struct{ ID string }]
	w.want(http.StatusAccepted, &made, w.ours.write, "POST", "/v1/deliveries/"+older.ID+"/replay", "")
	audit.want(w.ours.write, "delivery.replay "+older.ID+" as "+made.Data.ID)

	many := "/v1/deliveries/replay"
	filter := fmt.Sprintf(`"filter":{"webhookId":%q,"eventId":%q,"event":"customer.*","resourceId":%q,"status":"refused","codeClass":"4xx","since":"2025-08-05T12:00:00Z","until":"2026-01-01T01:00:00+01:00"}`,
		hook, newer.EventID, resource)
	w.want(http.StatusOK, nil, w.ours.write, "POST", many, `{`+filter+`,"preview":true}`)
	w.want(http.StatusOK, nil, w.ours.write, "POST", many, `{"filter":{"status":"exhausted"}}`) // there is none
	audit.want(w.ours.write)
	w.want(http.StatusOK, nil, w.ours.write, "POST", many, `{`+filter+`}`)
	audit.want(w.ours.write, fmt.Sprintf(
		`delivery.replay_many %s 1, %s; selected by webhookId %s, eventId %s, event "customer.*", resourceId %q, status refused, codeClass 4xx, since 2025-08-05T12:00:00Z, until 2026-01-01T00:00:00Z`,
		hook, newer.ID, hook, newer.EventID, resource))

	env, failed := string(w.ours.environment.ID), "/si/callbacks/dlq/replay"
	w.want(http.StatusOK, nil, w.ours.ops, "POST", failed, `{"ids":["`+older.ID+`"]}`)
	audit.want(w.ours.ops, fmt.Sprintf("delivery.replay_many %s 1, %s; selected by 1 ids, having failed", env, older.ID))
	w.want(http.StatusOK, nil, w.ours.ops, "POST", failed, `{"filter":{}}`)
	audit.want(w.ours.ops, fmt.Sprintf("delivery.replay_many %s 2, %s to %s; selected by having failed", env, older.ID, newer.ID))
}

func TestARefusedRequestLeavesNoEntryInTheAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audit := newAuditor(w)
	h := w.hook()
	hook := w.webhook(h.URL).ID
	w.published("cus_1")
	delivery := w.listed("")[0].ID // pending
	for range callback.MaxEndpoints - 1 {
		w.webhook(h.URL)
	}
	audit.entries(w.ours.write)
	path, theirs := "/v1/webhooks/"+hook, w.theirs.write
	for _, c := range []struct {
		status                  int
		key, method, path, body string
	}{
		{http.StatusConflict, w.ours.write, "POST", "/v1/webhooks", `{"url":"` + h.URL + `","events":["*"]}`}, // too many
		{http.StatusUnprocessableEntity, w.ours.write, "POST", "/v1/webhooks", `{}`},
		{http.StatusUnprocessableEntity, w.ours.write, "PUT", path, `{"description":"new","url":"ftp://x"}`},
		{http.StatusUnprocessableEntity, w.ours.write, "POST", path + "/rotate-secret", `{"overlapSeconds":-1}`},
		{http.StatusUnprocessableEntity, w.ours.write, "POST", "/v1/environment/rotate-secret", `{"overlapSeconds":604801}`},
		{http.StatusConflict, w.ours.write, "POST", "/v1/deliveries/" + delivery + "/replay", ""},
		{http.StatusForbidden, w.ours.read, "DELETE", path, ""},
		{http.StatusForbidden, w.ours.write, "POST", "/si/callbacks/dlq/replay", `{"filter":{}}`},
		{http.StatusNotFound, theirs, "PUT", path, `{"description":"new"}`},
		{http.StatusNotFound, theirs, "POST", path + "/rotate-secret", ""},
		{http.StatusNotFound, theirs, "DELETE", path, ""},
		{http.StatusNotFound, theirs, "POST", path + "/replay", `{"since":"2025-08-05T12:00:00Z"}`},
		{http.StatusNotFound, theirs, "POST", "/v1/deliveries/" + delivery + "/replay", ""},
		{http.StatusOK, theirs, "POST", "/v1/deliveries/replay", `{"filter":{"webhookId":"` + hook + `"}}`}, // finds nothing
	} {
		w.want(c.status, nil, c.key, c.method, c.path, c.body)
		audit.want(c.key)
	}
}

// Without its entry nothing of a deed is stored: both are one transaction.
func TestNothingHappensThatTheAuditCannotKeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	h.answer(http.StatusBadRequest, "")
	w.published("cus_1") // before there is a webhook
	hook := w.webhook(h.URL).ID
	w.published("cus_2")
	w.deliver()
	delivery := w.listed("")[0].ID
	state := func() string {
		secrets, err := w.tenants.SigningSecrets(t.Context(), w.ours.environment.ID)
		must(t, err)
		return fmt.Sprint(len(secrets), w.count(`SELECT COUNT(*) FROM endpoint`), w.count(`SELECT SUM(version) FROM endpoint`), w.count(`SELECT COUNT(*) FROM delivery`), w.count(`SELECT COUNT(*) FROM work`))
	}
	before := state()
	must(t, w.store.Write(t.Context(), []store.Statement{{SQL: `ALTER TABLE audit RENAME TO audit_away`, Rows: store.AnyRows}}))
	path := "/v1/webhooks/" + hook
	for _, c := range []struct{ key, method, path, body string }{
		{w.ours.write, "POST", "/v1/webhooks", `{"url":"` + h.URL + `","events":["*"]}`},
		{w.ours.write, "PUT", path, `{"description":"new"}`},
		{w.ours.write, "POST", path + "/rotate-secret", ""},
		{w.ours.write, "DELETE", path, ""},
		{w.ours.write, "POST", "/v1/environment/rotate-secret", ""},
		{w.ours.write, "POST", path + "/replay", `{"since":"2025-08-05T12:00:00Z"}`},
		{w.ours.write, "POST", "/v1/deliveries/" + delivery + "/replay", ""},
		{w.ours.write, "POST", "/v1/deliveries/replay", `{"filter":{}}`},
		{w.ours.ops, "POST", "/si/callbacks/dlq/replay", `{"filter":{}}`},
	} {
		w.want(http.StatusInternalServerError, nil, c.key, c.method, c.path, c.body)
		if after := state(); after != before {
			t.Errorf("%s %s: %s, was %s", c.method, c.path, after, before)
		}
	}
}
