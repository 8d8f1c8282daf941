package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
	sdk "github.com/afara-dev/afara/sdk/webhook"
)

func TestAWebhooksSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"url":"https://hooks.example/in","events":["invoice.paid","sale.sync"],"description":"books","headers":{"X-Token":"tulips"}}`
	var made, again one[webhook]
	w.want(http.StatusCreated, &made, w.ours.write, "POST", "/v1/webhooks", body, "Idempotency-Key", "hook-1")
	got := w.want(http.StatusCreated, &again, w.ours.write, "POST", "/v1/webhooks", body, "Idempotency-Key", "hook-1")
	if !made.Success || !strings.HasPrefix(made.Data.Secret, "whsec_") || strings.Contains(made.Data.Secret, "*") || !made.Data.IsActive {
		t.Errorf("%+v", made)
	}
	if again.Data.Secret != made.Data.Secret || again.Data.ID != made.Data.ID || got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("repeated: %+v", again)
	}
	if n := w.count(`SELECT COUNT(*) FROM idempotency_key WHERE CAST(answer AS TEXT) LIKE '%whsec_%'`); n != 0 {
		t.Error("the kept answer shows the secret")
	}
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + made.Data.ID} {
		shown := string(w.want(http.StatusOK, nil, w.ours.read, "GET", path, "").body)
		if strings.Contains(shown, made.Data.Secret) || strings.Contains(shown, "tulips") || !strings.Contains(shown, made.Data.ID) {
			t.Errorf("%s: %s", path, shown)
		}
	}
}

func TestAChangeTakesBackWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	var made, changed one[webhook]
	body := fmt.Sprintf(`{"url":%q,"events":["*"],"headers":{"X-Token":"tulips"}}`, h.URL)
	w.want(http.StatusCreated, &made, w.ours.write, "POST", "/v1/webhooks", body)
	path := "/v1/webhooks/" + made.Data.ID
	w.want(http.StatusOK, &changed, w.ours.write, "PUT", path, `{"description":"new","secret":"whsec_mine","headers":{"X-Token":"********","X-More":"1"}}`)
	if changed.Data.Description != "new" || changed.Data.URL != h.URL || len(changed.Data.Headers) != 2 {
		t.Errorf("%+v", changed.Data)
	}
	w.published("cus_1")
	w.deliver()
	got := h.requests()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	must(t, sdk.Verify([]string{made.Data.Secret}, got[0].header, got[0].body, w.clock.Now(), 0))
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "PUT", path, `{"urls":"x","isActive":"no","rateLimit":1e1}`)
	if len(p.Errors) != 3 {
		t.Errorf("%+v", p.Errors)
	}
	p = w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "PUT", path, `{"rateLimit":1e1}`)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/rateLimit" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestAWebhookIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, pointers := range map[string]string{
		`{}`: "/events /url",
		`{"url":"https://u:p@hooks.example/","events":["invoice.sold","*"]}`: "/events/0 /url",
		`{"url":"http://10.1.2.3/","events":["*"],"secret":"whsec_x"}`:       "/secret /url",
		`{"url":"http://10.1.2.3/","events":["*"]}`:                          "/url",
		`{"url":"https://hooks.example/","events":[],"payloadFormat":"xml"}`: "/events /payloadFormat",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/webhooks", body)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Pointer)
		}
		if strings.Join(got, " ") != pointers {
			t.Errorf("%s: %v, want %s", body, got, pointers)
		}
	}
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "POST", "/v1/webhooks", `{"url":`)
}

// Faults of the form of a webhook and of what it says are named in one answer,
// each once, in the order of their places.
func TestFaultsOfFormAndContentOfAWebhookAreNamedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policy.Store(&callback.Policy{})
	path := "/v1/webhooks/" + w.webhook("https://hooks.example/in").ID
	same := map[string]string{
		`{"url":"https://10.1.2.3/","events":["invoice.sold","*"],"description":7,"urls":1,"headers":{"Webhook-Id":"1"}}`: "type@/description unknown_event_type@/events/0 reserved@/headers/Webhook-Id reserved_address@/url unknown_field@/urls",
		// What has a fault of its form has no other, and its neighbours have theirs.
		`{"url":7,"events":["invoice.sold",7,"*"],"headers":{"X-A":7,"Host":"h"},"retryPolicy":{"schedule":["x"]},"rateLimit":-1}`: "unknown_event_type@/events/0 type@/events/1 reserved@/headers/Host type@/headers/X-A minimum@/rateLimit type@/retryPolicy/schedule/0 type@/url",
		// What the schema takes for whole numbers, and Go does not.
		`{"url":"https://10.1.2.3/","events":["*","*"],"rateLimit":1e1,"maxInFlight":1e1,"signatures":["v1a"]}`: "unique@/events/1 type@/maxInFlight type@/rateLimit required@/signatures reserved_address@/url",
		// A member by almost the right name is not read as if it were it.
		`{"url":"https://hooks.example/","URL":"https://10.1.2.3/","events":["*"],"Headers":{"Host":"h"}}`: "unknown_field@/Headers unknown_field@/URL",
		`[]`: "type@",
	}
	check := func(method, path, body, want string) {
		t.Helper()
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, method, path, body)
		var got []string
		for _, e := range p.Errors {
			if e.Detail == "" || e.Fix == "" {
				t.Errorf("%s: %+v says too little", body, e)
			}
			got = append(got, e.Code+"@"+e.Pointer)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s %s: %v, want %s", method, body, got, want)
		}
	}
	for body, want := range same {
		check("POST", "/v1/webhooks", body, want)
		check("PUT", path, body, want)
	}
	check("POST", "/v1/webhooks", `{"headers":{"Host":"h"}}`, "required@/events reserved@/headers/Host required@/url")
	check("PUT", path, `{"headers":{"Host":"h"},"ordered":"no"}`, "reserved@/headers/Host type@/ordered")
	var members []string
	for i := range 150 {
		members = append(members, fmt.Sprintf(`"m%03d":1`, i))
	}
	got := w.call(w.ours.write, "POST", "/v1/webhooks", `{"url":"https://10.1.2.3/","events":["*"],`+strings.Join(members, ",")+`}`)
	var many struct {
		Errors     []any
		MoreErrors int
	}
	must(t, json.Unmarshal(got.body, &many))
	if len(many.Errors) != 100 || many.MoreErrors != 51 {
		t.Errorf("%d errors, %d more", len(many.Errors), many.MoreErrors)
	}
	if n := w.count(`SELECT COUNT(*) FROM endpoint`); n != 1 {
		t.Errorf("%d endpoints", n)
	}
}

func TestARemovedWebhookIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	hook := w.webhook(h.URL)
	w.published("cus_1")
	var gone one[struct {
		ID      string
		Deleted bool
	}]
	w.want(http.StatusOK, &gone, w.ours.write, "DELETE", "/v1/webhooks/"+hook.ID, "")
	if gone.Data.ID != hook.ID || !gone.Data.Deleted {
		t.Errorf("%+v", gone)
	}
	w.refused(http.StatusNotFound, "webhook_not_found", w.ours.write, "DELETE", "/v1/webhooks/"+hook.ID, "")
	w.refused(http.StatusNotFound, "webhook_not_found", w.ours.read, "GET", "/v1/webhooks/wh_nonsense", "")
	w.deliver()
	if list := w.listed(""); len(list) != 1 || list[0].Status != "abandoned" || *list[0].LastReason != "webhook_deleted" || len(h.requests()) != 0 {
		t.Errorf("%+v", list)
	}
}

func TestARotatedSecretOverlaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	hook := w.webhook(h.URL)
	var next one[webhook]
	w.want(http.StatusOK, &next, w.ours.write, "POST", "/v1/webhooks/"+hook.ID+"/rotate-secret", "")
	if next.Data.Secret == hook.Secret || next.Data.PreviousSecretUntil != "2025-08-06T12:00:00.000Z" {
		t.Errorf("%+v", next.Data)
	}
	w.published("cus_1")
	w.deliver()
	for _, r := range h.requests() {
		for _, secret := range []string{hook.Secret, next.Data.Secret} {
			must(t, sdk.Verify([]string{secret}, r.header, r.body, w.clock.Now(), 0))
		}
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/webhooks/"+hook.ID+"/rotate-secret", `{"overlapSeconds":604801}`)
}

func TestTheEnvironmentsSecretRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, err := w.tenants.SigningSecrets(t.Context(), w.ours.environment.ID)
	must(t, err)
	var out one[struct{ EnvironmentID, Secret, PreviousSecretUntil string }]
	w.want(http.StatusOK, &out, w.ours.write, "POST", "/v1/environment/rotate-secret", `{"overlapSeconds":60}`)
	after, err := w.tenants.SigningSecrets(t.Context(), w.ours.environment.ID)
	must(t, err)
	if len(after) != 2 || after[0] != out.Data.Secret || after[1] != before[0] || out.Data.PreviousSecretUntil != "2025-08-05T12:01:00.000Z" {
		t.Errorf("%d secrets, %+v", len(after), out.Data.PreviousSecretUntil)
	}
}

func TestATrialTellsHowItWent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	hook := w.webhook(h.URL)
	type tried struct {
		Delivered bool
		Status    *int
		Reason    *string
		Answer    *string
		EventID   string
		Event     string
		Blocked   *struct{ Rule, Detail, Fix string }
	}
	try := func(body string) tried {
		var out one[tried]
		w.want(http.StatusOK, &out, w.ours.write, "POST", "/v1/webhooks/"+hook.ID+"/test", body)
		return out.Data
	}
	h.answer(http.StatusOK, "thanks")
	if got := try(`{"event":"invoice.signed"}`); !got.Delivered || *got.Status != 200 || *got.Answer != "thanks" || got.Event != "invoice.signed" || got.Blocked != nil {
		t.Errorf("%+v", got)
	}
	h.answer(http.StatusTeapot, "password=hunter2")
	if got := try(""); got.Delivered || *got.Status != 418 || *got.Reason != "status" || strings.Contains(*got.Answer, "hunter2") {
		t.Errorf("%+v", got)
	}
	w.policy.Store(&callback.Policy{AllowHTTP: true})
	if got := try(""); got.Delivered || got.Status != nil || *got.Reason != "blocked" || got.Answer != nil || got.Blocked == nil || got.Blocked.Rule != "reserved_address" || got.Blocked.Fix == "" {
		t.Errorf("%+v", got)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/webhooks/"+hook.ID+"/test", `{"event":"invoice.sold"}`)
	if n := w.count(`SELECT COUNT(*) FROM event`); n != 0 {
		t.Errorf("%d events stored", n)
	}
}

func TestSlowReceiversOfTrialsLeaveRoomForOtherRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arrived, end := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-end
	}))
	defer slow.Close()
	path := "/v1/webhooks/" + w.webhook(slow.URL).ID + "/test"
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if got := w.call(w.ours.write, "POST", path, ""); got.status != http.StatusOK {
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
		<-arrived
	}
	w.refused(http.StatusServiceUnavailable, "busy", w.ours.write, "POST", path, "")
	w.want(http.StatusOK, nil, w.ours.read, "GET", "/v1/webhooks", "")
	close(end)
	group.Wait()
}

func TestAWebhookIsSentWhatItMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	first, second := w.published("cus_1"), w.published("cus_2")
	hook := w.webhook(h.URL)
	path := "/v1/webhooks/" + hook.ID + "/replay"
	var preview, done, none one[replayCount]
	w.want(http.StatusOK, &preview, w.ours.write, "POST", path, `{"since":"2025-08-05T12:00:00Z","preview":true}`)
	w.want(http.StatusOK, &done, w.ours.write, "POST", path, `{"since":"2025-08-05T12:00:00Z"}`)
	w.want(http.StatusOK, &none, w.ours.write, "POST", path, `{"since":"2025-08-05T12:00:00Z"}`)
	if preview.Data != (replayCount{Preview: true, Matched: 2}) || done.Data != (replayCount{Matched: 2, Replayed: 2}) || none.Data != (replayCount{}) {
		t.Errorf("%+v, %+v, %+v", preview, done, none)
	}
	w.deliver()
	var told []string
	for _, r := range h.requests() {
		var e struct{ EventID string }
		must(t, json.Unmarshal(r.body, &e))
		told = append(told, e.EventID)
	}
	if len(told) != 2 || !strings.Contains(strings.Join(told, " "), first) || !strings.Contains(strings.Join(told, " "), second) {
		t.Errorf("told %v", told)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", path, `{"since":"yesterday"}`)
}

type replayCount struct {
	Preview                    bool
	Matched, Replayed, Skipped int
	NextCursor                 *string
}

func TestAMethodThatAWebhookDoesNotAnswerIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.call("", "POST", "/v1/webhooks/wh_1", "")
	if allow := strings.Join(r.header.Values("Allow"), ", "); r.status != http.StatusMethodNotAllowed || allow != "GET, HEAD, PUT, DELETE" {
		t.Errorf("status %d, Allow %q", r.status, allow)
	}
}
