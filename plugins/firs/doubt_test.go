package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/firs/simulator"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestASecondSigningIsADoubtThatALookupSettles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.sign", b.about(), `{}`)
	b.wantError(t, "invoice.sign", b.about(), call{}, classUnknown, "busy_or_registered")
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"found_final"}`)
}

func TestABusyAuthorityIsNotFoundAndMaySignLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.inject(t, simulator.Fault{Kind: simulator.FaultBusy, Times: 2})
	for range 2 {
		b.wantError(t, "invoice.sign", b.about(), call{}, classUnknown, "busy_or_registered")
		b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"not_found"}`)
	}
	b.want(t, "invoice.sign", b.about(), `{}`)
	if c := b.authority.Counters(); c.Violations != 0 || c.Registered != 1 {
		t.Errorf("counters are %+v", c)
	}
}

func TestABusyAuthorityIsUnavailableToAQuestion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.inject(t, simulator.Fault{Kind: simulator.FaultBusy, Operation: "*"})
	b.wantError(t, "invoice.validate", b.about(), call{}, classUnavailable, "busy_or_registered")
	b.wantError(t, "invoice.lookup", b.lookup(t, "invoice.sign"), call{}, classUnavailable, "busy_or_registered")
}

func TestALostAnswerIsADoubtSentOnceAndFound(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{simulator.FaultBusyRegistered, simulator.FaultTimeoutRegistered, simulator.FaultDropRegistered} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := setupAs(t, "15631438-0242", simulator.Options{NoDuplicateGuard: true})
			b.set("timeouts", map[string]string{"act": "300ms"})
			b.want(t, "invoice.validate", b.about(), `{}`) // leaves a connection to reuse
			b.inject(t, simulator.Fault{Kind: kind})
			if _, failure := b.invoke(t, "invoice.sign", b.about(), call{}); failure.GetClass() != classUnknown {
				t.Fatalf("sign: %v", failure)
			}
			b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"found_final"}`)
			if asked, _ := b.authority.Asked(b.irn); asked.Signs != 1 || asked.Registered != 1 {
				t.Errorf("asked %+v", asked)
			}
		})
	}
}

func TestFailuresAreClassedByWhetherAnEffectMayHaveHappened(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		fault      simulator.Fault
		sign, read connectorpb.Class
	}{
		{"500", simulator.Fault{Kind: simulator.FaultStatus, Status: 500}, classUnknown, classUnavailable},
		{"503", simulator.Fault{Kind: simulator.FaultStatus, Status: 503}, classUnknown, classUnavailable},
		{"429", simulator.Fault{Kind: simulator.FaultStatus, Status: 429, RetryAfterSeconds: 7}, classRateLimited, classRateLimited},
		{"connection broken", simulator.Fault{Kind: simulator.FaultDrop}, classUnknown, classUnavailable},
		{"no answer", simulator.Fault{Kind: simulator.FaultHang}, classUnknown, classUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.set("timeouts", map[string]string{"act": "300ms", "read": "300ms"})
			c.fault.Operation = "*"
			b.inject(t, c.fault)
			_, sign := b.invoke(t, "invoice.sign", b.about(), call{})
			_, validate := b.invoke(t, "invoice.validate", b.about(), call{})
			_, lookup := b.invoke(t, "invoice.lookup", b.lookup(t, "invoice.sign"), call{})
			if sign.GetClass() != c.sign || validate.GetClass() != c.read || lookup.GetClass() != c.read {
				t.Errorf("sign %v, validate %v, lookup %v", sign, validate, lookup)
			}
			if want := int64(c.fault.RetryAfterSeconds) * 1000; sign.RetryAfterMillis != want {
				t.Errorf("retry after %d ms, want %d", sign.RetryAfterMillis, want)
			}
			if asked, _ := b.authority.Asked(b.irn); asked.Signs != 1 || asked.Validates != 1 {
				t.Errorf("asked %+v", asked)
			}
		})
	}
}

func TestASuccessThatDoesNotSayOKIsADoubt(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"code":200,"data":{"ok":false}}`, `{"code":200,"data":null}`, `<html>welcome</html>`, ``} {
		b := setup(t)
		b.set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
		b.wantError(t, "invoice.sign", b.about(), call{}, classUnknown, "answer_unreadable")
		b.wantError(t, "invoice.validate", b.about(), call{}, classUnavailable, "answer_unreadable")
	}
}

func TestNothingStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.validate", b.about(), `{}`)
	request := b.request(t, "invoice.sign", b.about(), call{})
	request.DeadlineUnixMicros = time.Now().Add(-time.Second).UnixMicro()
	answer, err := b.client.Invoke(t.Context(), request)
	if err != nil || answer.GetError().GetClass() != classUnavailable {
		t.Fatalf("%v, %v", answer, err)
	}
	if asked, _ := b.authority.Asked(b.irn); asked.Signs != 0 {
		t.Errorf("asked %+v", asked)
	}
}

// found is a search's answer with one invoice in it.
func found(irn, amounts string) string {
	return fmt.Sprintf(`{"code":200,"data":{"items":[{"irn":%q,"issue_date":"2026-11-23","document_currency_code":"NGN"%s}]}}`, irn, amounts)
}

func TestALookupNeverGuesses(t *testing.T) {
	t.Parallel()
	const (
		confirmed = `{"code":200,"data":{"issue_date":"2026-11-23","payment_status":"PENDING","transmitted":false,"delivered":false}}`
		unknown   = `{"code":400,"data":null,"message":"error has occurred","error":{"id":"1","handler":"invoice_actions","details":"Invoice Not Found","public_message":"x"}}`
		odd       = `{"code":400,"data":null,"message":"error has occurred","error":{"id":"1","handler":"invoice_actions","details":"something else","public_message":"x"}}`
		noRoute   = `{"code":404,"message":"no route found for this path. kindly check your request and try again"}`
		empty     = `{"code":200,"data":[]}`
	)
	for _, c := range []struct {
		name            string
		status          int
		confirm, search string
		trust           bool
		want            string
	}{
		{"amounts equal", 200, confirmed, "AMOUNTS", false, "found_final"},
		{"amounts as texts", 200, confirmed, `,"payable_amount":"532125.00"`, false, "found_final"},
		{"amounts differ", 200, confirmed, `,"payable_amount":1`, false, "found_different"},
		{"currency differs", 200, confirmed, `,"document_currency_code":"USD","payable_amount":532125`, false, "found_different"},
		{"no amounts", 200, confirmed, ``, false, "cannot_tell"},
		{"no amounts, trusted", 200, confirmed, ``, true, "found_final"},
		{"not in the search", 200, confirmed, empty, false, "cannot_tell"},
		{"not in the search, trusted", 200, confirmed, empty, true, "found_final"},
		{"in neither", 404, unknown, empty, false, "not_found"},
		{"in neither, trusted", 400, unknown, empty, true, "not_found"},
		{"in the search alone", 404, unknown, "AMOUNTS", false, "found_final"},
		{"a refusal that is no not-found", 400, odd, empty, true, "cannot_tell"},
		{"a wrong path is no not-found", 404, noRoute, empty, true, "cannot_tell"},
		{"a proxy's page is no not-found", 404, "<html>not found</html>", empty, true, "cannot_tell"},
		{"a search that ignored the question", 404, unknown, found("OTHER-59854B81-20261123", ""), false, "cannot_tell"},
		{"a search in another form", 404, unknown, `{"code":200,"data":{"total":0}}`, false, "cannot_tell"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := b.lookup(t, "invoice.sign")
			search := c.search
			switch {
			case search == "AMOUNTS":
				search = found(b.irn, fmt.Sprintf(`,"legal_monetary_total":{"payable_amount":%s,"tax_exclusive_amount":%s}`, in.Total.Payable, in.Total.TaxExclusive))
			case search == "" || search[0] == ',':
				search = found(b.irn, search)
			}
			b.set("trustConfirm", c.trust)
			b.set("baseUrl", answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/invoice/confirm/"+b.irn {
					w.WriteHeader(c.status)
					fmt.Fprint(w, c.confirm)
					return
				}
				fmt.Fprint(w, search)
			}))
			out, failure := b.invoke(t, "invoice.lookup", in, call{})
			if failure != nil || len(out) < 12 || out[:len(`{"result":"`)+len(c.want)+1] != `{"result":"`+c.want+`"` {
				t.Errorf("answered %s, %v; want %s", out, failure, c.want)
			}
		})
	}
}

func TestTheShapeOfNotFoundIsASetting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.set("notFound", map[string]any{"statuses": []int{422}, "texts": []string{"keine rechnung"}})
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"cannot_tell"}`)
	b.set("notFound", map[string]any{"statuses": []int{404}, "texts": []string{"WAS NOT found"}})
	b.want(t, "invoice.lookup", b.lookup(t, "invoice.sign"), `{"result":"not_found"}`)
}
