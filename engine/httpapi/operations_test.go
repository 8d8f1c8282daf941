package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// called is what tests read of an operation's answer.
type called struct {
	Operation string
	Result    json.RawMessage
	Status    string
	Lookup    *string
}

func (w *world) operation(name string) string {
	return "/si/connections/" + string(w.ours.connection) + "/operations/" + name
}

func TestAnOperationWithoutEffectIsCalledThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.answer("scripted.find", `{"result":"found_final"}`)
	var got called
	w.want(http.StatusOK, &got, w.ours.write, "POST", w.operation("scripted.find"), `{"reference":"r-1"}`)
	calls := w.host.called("scripted.find")
	if got.Operation != "scripted.find" || string(got.Result) != `{"result":"found_final"}` || len(calls) != 1 || string(calls[0].Parameters) != `{"reference":"r-1"}` {
		t.Errorf("%+v %+v", got, calls)
	}
	p := w.refused(http.StatusNotFound, "operation_unknown", w.ours.write, "POST", w.operation("scripted.fly"), "")
	if !strings.Contains(p.Detail, "invoice.sign") || !strings.Contains(p.Detail, "scripted.charge") {
		t.Errorf("%s", p.Detail)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", w.operation("scripted.find"), `[]`)
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "POST", w.operation("scripted.find"), `{`)
}

func TestWhatAConnectorRefusesIsAProblemOfItsClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for class, status := range map[domain.Class]int{
		domain.ClassInvalid: 422, domain.ClassRejected: 422, domain.ClassUnsupported: 422, domain.ClassRateLimited: 429,
		domain.ClassUnavailable: 503, domain.ClassInternal: 500, domain.ClassUnauthorized: 409, domain.ClassMisconfigured: 409,
	} {
		w.host.script("scripted.find", class)
		var p struct {
			Class, ConnectorCode, Message, VendorCode string
			Errors                                    []domain.FieldError
		}
		r := w.want(status, &p, w.ours.write, "POST", w.operation("scripted.find"), `{}`)
		if p.Class != string(class) || p.ConnectorCode != "scripted" || p.Message != "as the script says" || p.VendorCode != "E1" || len(p.Errors) != 1 || p.Errors[0].Pointer != "/amount" {
			t.Errorf("%s: %s", class, r.body)
		}
		if after := r.header.Get("Retry-After"); (status == 503 || status == 429) != (after == "7") {
			t.Errorf("%s: Retry-After %q", class, after)
		}
		pauses := class == domain.ClassUnauthorized || class == domain.ClassMisconfigured
		var c configured
		w.want(http.StatusOK, &c, w.ours.read, "GET", "/si/connections/"+string(w.ours.connection), "")
		if (c.Paused != nil) != pauses || pauses && c.Paused.Reason != string(class) {
			t.Errorf("%s: paused %+v", class, c.Paused)
		}
		if pauses {
			w.refused(http.StatusConflict, "connection_paused", w.ours.write, "POST", w.operation("scripted.find"), `{}`)
			w.want(http.StatusOK, nil, w.ours.write, "POST", "/si/connections/"+string(w.ours.connection)+"/enable", "")
		}
	}
	w.want(http.StatusOK, nil, w.ours.write, "POST", "/si/connections/"+string(w.ours.connection)+"/disable", "")
	w.refused(http.StatusConflict, "connection_disabled", w.ours.write, "POST", w.operation("scripted.find"), `{}`)
}

func TestAnEffectHappensOnceForEachKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.operation("scripted.charge")
	p := w.refused(http.StatusUnprocessableEntity, "idempotency_key_required", w.ours.write, "POST", path, `{}`)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/headers/Idempotency-Key" {
		t.Errorf("%+v", p.Errors)
	}
	w.host.answer("scripted.charge", `{"receipt":"canary-9"}`)
	release := make(chan struct{})
	w.host.hang["scripted.charge"] = release
	var group sync.WaitGroup
	var mu sync.Mutex
	answered := map[int]int{}
	for range 16 {
		group.Go(func() {
			r := w.call(w.ours.write, "POST", path, `{"reference":"r-1"}`, "Idempotency-Key", "k-1")
			mu.Lock()
			defer mu.Unlock()
			if answered[r.status]++; r.status == http.StatusAccepted && answered[r.status] == 15 {
				close(release) // all twins know that it is under way
			}
		})
	}
	group.Wait()
	if answered[http.StatusOK] != 1 || answered[http.StatusAccepted] != 15 {
		t.Errorf("%v", answered)
	}
	var got called
	r := w.want(http.StatusOK, &got, w.ours.write, "POST", path, `{"reference":"r-1"}`, "Idempotency-Key", "k-1")
	if string(got.Result) != `{"receipt":"canary-9"}` || r.header.Get("Idempotency-Replayed") != "true" || len(w.host.called("scripted.charge")) != 1 {
		t.Errorf("%s, %d calls", r.body, len(w.host.called("scripted.charge")))
	}
	w.refused(http.StatusUnprocessableEntity, "idempotency_key_reused", w.ours.write, "POST", path, `{"reference":"r-2"}`, "Idempotency-Key", "k-1")
	w.want(http.StatusOK, nil, w.ours.write, "POST", path, `{"reference":"r-1"}`, "Idempotency-Key", "k-2")
	calls := w.host.called("scripted.charge")
	if len(calls) != 2 || calls[0].Key == calls[1].Key || strings.Contains(calls[0].Key, "k-1") {
		t.Errorf("%+v", calls)
	}
	if n := w.count(`SELECT COUNT(*) FROM operation_call WHERE answer LIKE '%canary%'`); n != 0 {
		t.Error("an answer is stored in clear")
	}
	w.host.script("scripted.charge", domain.ClassRejected)
	for range 2 {
		w.refused(http.StatusUnprocessableEntity, "scripted", w.ours.write, "POST", path, `{}`, "Idempotency-Key", "k-3")
	}
	w.clock.Add(25 * hour)
	w.want(http.StatusOK, nil, w.ours.write, "POST", path, `{"reference":"r-2"}`, "Idempotency-Key", "k-1")
	if n := len(w.host.called("scripted.charge")); n != 4 {
		t.Errorf("%d calls", n)
	}
}

// An answer that promises that nothing happened and that may be another the next
// time must not be given for a day.
func TestACallThatCameToNothingFreesItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.operation("scripted.charge")
	w.host.script("scripted.charge", domain.ClassUnavailable)
	w.refused(http.StatusServiceUnavailable, "scripted", w.ours.write, "POST", path, `{}`, "Idempotency-Key", "k-1")
	w.want(http.StatusOK, nil, w.ours.write, "POST", path, `{}`, "Idempotency-Key", "k-1")
	w.host.away = true
	w.refused(http.StatusServiceUnavailable, "connector_not_ready", w.ours.write, "POST", path, `{}`, "Idempotency-Key", "k-2")
	if n := w.count(`SELECT COUNT(*) FROM operation_call`); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestAnUnknownOutcomeIsLookedUpAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	for answer, c := range map[string]struct {
		operation string
		settled   []string // what the look-ups after the call has settled lead to
	}{
		`{"result":"found_final"}`:   {"scripted.charge", []string{"200"}},
		`{"result":"found_pending"}`: {"scripted.charge", []string{"202", "202", "202"}},
		`{"result":"cannot_tell"}`:   {"scripted.charge", []string{"202", "202", "202"}},
		`{"result":"not_found"}`:     {"scripted.charge", []string{"202", "409 operation_not_done", "409 operation_not_done"}},
		`{"result":"found_different","differences":[{"field":"amount","expected":"1","found":"2"}]}`: {"scripted.charge", []string{"422 reference_taken", "422 reference_taken"}},
		`{"result":"not_found" }`: {"scripted.give", []string{"202", "202", "202"}},
		`{}`:                      {"scripted.drop", []string{"202", "202"}},
	} {
		t.Run(answer+c.operation, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			path := w.operation(c.operation)
			ask := func() string {
				t.Helper()
				var p struct{ Code, Status string }
				r := w.call(w.ours.write, "POST", path, `{"reference":"r-1","amount":5}`, "Idempotency-Key", "k-1")
				_ = json.Unmarshal(r.body, &p)
				return strings.TrimSpace(fmt.Sprint(r.status, " ", p.Code))
			}
			w.host.script(c.operation, domain.ClassUnknownOutcome)
			w.host.answer("scripted.find", answer)
			if got := ask(); got != "202" {
				t.Fatal(got)
			}
			if strings.Contains(answer, "found_final") {
				c.settled = append([]string{}, "200", "200")
			} else if got := ask(); got != "202" { // it has not settled: nothing counts
				t.Fatal(got)
			} else {
				w.clock.Add(time.Minute)
			}
			for i, want := range c.settled {
				if got := ask(); got != want {
					t.Errorf("look-up %d: %s, want %s", i, got, want)
				}
			}
			if n := len(w.host.called(c.operation)); n != 1 {
				t.Errorf("sent %d times", n)
			}
			looks := w.host.called("scripted.find")
			if (len(looks) == 0) != (c.operation == "scripted.drop") {
				t.Errorf("%d look-ups", len(looks))
			}
			if len(looks) > 0 && (string(looks[0].Parameters) != fmt.Sprintf(`{"operation":%q,"reference":"r-1"}`, c.operation) || looks[0].Key != w.host.called(c.operation)[0].Key) {
				t.Errorf("looked up with %s", looks[0].Parameters)
			}
		})
	}
}

// A node that died left a call that was sent and has no answer.
func TestACallWhoseNodeDiedIsInDoubtAfterItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hang := make(chan struct{})
	defer close(hang)
	w.host.hang["scripted.charge"] = hang
	ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer leave()
	r := w.within(ctx, w.ours.write, "POST", w.operation("scripted.charge"), `{}`, "k-1")
	if r.status != http.StatusAccepted || !strings.Contains(string(r.body), `"status":"sent"`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var got called
	w.want(http.StatusAccepted, &got, w.ours.write, "POST", w.operation("scripted.charge"), `{}`, "Idempotency-Key", "k-1")
	if got.Status != "sent" || got.Lookup == nil || *got.Lookup != "scripted.find" {
		t.Errorf("%+v", got)
	}
	w.host.answer("scripted.find", `{"result":"found_final"}`)
	w.clock.Add(time.Minute)
	w.want(http.StatusOK, &got, w.ours.write, "POST", w.operation("scripted.charge"), `{}`, "Idempotency-Key", "k-1")
	if string(got.Result) != "null" || len(w.host.called("scripted.charge")) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSandboxOperationsAreRefusedInProduction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(http.StatusOK, nil, w.ours.write, "POST", w.operation("scripted.play"), "")
	real := w.tenant("Real", domain.Production)
	w.refused(http.StatusConflict, "sandbox_only", real.write, "POST", "/si/connections/"+string(real.connection)+"/operations/scripted.play", "")
}
