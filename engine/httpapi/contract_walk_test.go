package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/pluginhost"
)

// asker sends requests that the document allows and notes what was answered.
type asker struct {
	*world
	seen map[string]bool
}

func (a *asker) ask(status int, v any, key, method, target, body string, headers ...string) reply {
	a.t.Helper()
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	a.contract.checkRequest(a.t, method, target, body, h)
	out := a.want(status, v, key, method, target, body, headers...)
	path, _, _ := strings.Cut(target, "?")
	a.seen[a.contract.find(method, path).id+" "+http.StatusText(status)] = true
	return out
}

func TestEveryOperationDoesWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{Name: connectorName, Version: "1.0.0", Environment: "sandbox", State: pluginhost.StateRunning})
	a := &asker{world: w, seen: map[string]bool{}}
	write, read, ops := w.ours.write, w.ours.read, w.ours.ops

	var made, note, sample shown
	a.ask(202, &made, write, "POST", "/si/invoices?environmentId="+string(w.ours.environment.ID), w.submission("CONTRACT-1"), "Idempotency-Key", "k-1")
	a.ask(202, nil, write, "POST", "/si/invoices", w.submission("CONTRACT-1"), "Idempotency-Key", "k-1")
	a.ask(202, &sample, write, "POST", "/si/invoices/sample", `{"callbackUrl":"https://erp.example/hook"}`)
	a.ask(202, nil, write, "PUT", "/si/invoices/"+sample.ID, strings.Replace(w.submission(sample.Invoice.InvoiceNumber), "PO-2025-081", "PO-2025-082", 1))
	a.ask(200, nil, write, "POST", "/si/invoices/"+sample.ID+"/void", "")
	w.walk(made.MessageID)
	a.ask(200, &made, read, "GET", "/si/invoices/"+made.ID, "")
	a.ask(202, &note, write, "POST", "/si/invoices/"+made.ID+"/void", `{"number":"CONTRACT-1-CN"}`)
	picture := a.ask(200, nil, read, "GET", "/si/invoices/"+made.ID+"/qr.png?size=256", "")
	a.ask(304, nil, read, "GET", "/si/invoices/"+made.ID+"/qr.png?size=256", "", "If-None-Match", picture.header.Get("ETag"))
	a.ask(200, nil, read, "GET", "/si/invoices?status=COMPLETED&held=false&number=CONTRACT-1&irn="+*made.IRN+
		"&type=381&issuedFrom=2025-08-05&issuedTo=2025-08-05&createdSince=2025-08-05T00:00:00Z&createdBefore=2025-08-07T00:00:00Z&limit=1&cursor="+note.ID, "")

	first, second := w.held("CONTRACT-2"), w.held("CONTRACT-3")
	a.ask(200, nil, ops, "GET", "/si/dlq?reason=cannot_tell&stage=sign&connectionId="+string(w.ours.connection)+
		"&heldSince=2025-08-05T00:00:00Z&heldUntil=2026-08-05T00:00:00Z&limit=1", "")
	a.ask(200, nil, ops, "GET", "/si/dlq/stats", "")
	w.clock.Add(hour)
	a.ask(200, nil, ops, "POST", "/si/messages/"+string(first.MessageID)+"/resolve", `{"outcome":"COMPLETED","evidence":"The authority's portal shows it."}`)
	a.ask(200, nil, ops, "POST", "/si/dlq/replay", `{"ids":["`+string(second.MessageID)+`"]}`)

	a.webhooks(w.ours)

	a.ask(200, nil, read, "GET", "/si/connectors/registry", "")
	a.ask(200, nil, write, "POST", "/onboarding/test-callback", `{"url":"`+receiver(t, http.StatusOK, "ok").URL+`","environmentId":"`+string(w.ours.environment.ID)+`"}`)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		a.ask(200, nil, "", "GET", path, "")
	}
	for _, path := range []string{"/openapi.yaml", "/openapi.json", "/schemas/v1/invoice.json"} {
		got := a.ask(200, nil, "", "GET", path, "")
		a.ask(304, nil, "", "GET", path, "", "If-None-Match", got.header.Get("ETag"))
	}
	w.bus.fail(errAway)
	w.clock.Add(hour)
	a.ask(503, nil, "", "GET", "/readyz", "")

	for _, o := range a.contract.operations {
		for code := range o.node["responses"].(map[string]any) {
			text := map[string]string{"200": "OK", "201": "Created", "202": "Accepted", "304": "Not Modified"}[code]
			if text != "" && !a.seen[o.id+" "+text] {
				t.Errorf("no call of %s was answered %s", o.id, code)
			}
		}
	}
}

// webhooks asks for all that is about events and their receivers.
func (a *asker) webhooks(c caller) {
	h := a.hook()
	write, read, ops := c.write, c.read, c.ops
	var hook one[webhook]
	a.ask(201, &hook, write, "POST", "/v1/webhooks", `{"url":"`+h.URL+`","events":["customer.*","sale.sync"],"description":"books","isActive":true,
		"payloadFormat":"afara","retryPolicy":"default","rateLimit":100,"maxInFlight":8,"ordered":true,"headers":{"X-Token":"tulips"},"signatures":["v1","v1a"]}`, "Idempotency-Key", "k-1")
	path := "/v1/webhooks/" + hook.Data.ID
	a.ask(200, nil, read, "GET", "/v1/webhooks", "")
	a.ask(200, nil, read, "GET", path, "")
	a.ask(200, nil, write, "PUT", path, `{"secret":"whsec_********","ordered":false,"signatures":["v1"]}`)
	a.ask(200, nil, write, "POST", path+"/rotate-secret", "")
	a.ask(200, nil, write, "POST", path+"/test", `{"event":"customer.created"}`)
	a.ask(200, nil, write, "POST", "/v1/environment/rotate-secret", `{"overlapSeconds":0}`)
	a.ask(200, nil, read, "GET", "/v1/event-types", "")

	var event one[storedEvent]
	h.answer(http.StatusBadRequest, "no")
	a.ask(202, &event, write, "POST", "/v1/events", `{"event":"customer.created","resourceId":"cus_1","occurredAt":"2025-08-05T12:00:00Z","data":`+aCustomer+`}`, "Idempotency-Key", "k-2")
	a.ask(202, nil, write, "POST", "/v1/events", `{"events":[{"event":"customer.updated","data":`+aCustomer+`}]}`)
	a.ask(200, nil, read, "GET", "/v1/events?event=customer.*&resourceId=cus_1&since=2025-08-05T00:00:00Z&until=2025-08-06T00:00:00Z&order=asc&limit=1", "")
	a.ask(200, nil, read, "GET", "/v1/events/"+event.Data.EventID, "")
	a.deliver()
	a.clock.Add(hour) // the rate limit lets one go at a time
	a.deliver()
	var list many[delivery]
	a.ask(200, &list, read, "GET", "/v1/deliveries?webhookId="+hook.Data.ID+"&eventId="+event.Data.EventID+
		"&event=customer.created&resourceId=cus_1&status=refused&codeClass=4xx&since=2025-08-05T00:00:00Z&until=2027-08-06T00:00:00Z&limit=1", "")
	one := "/v1/deliveries/" + list.Data[0].ID
	a.ask(200, nil, read, "GET", one, "")
	a.ask(200, nil, read, "GET", one+"/attempts", "")
	a.ask(202, nil, write, "POST", one+"/replay", "")
	a.ask(200, nil, write, "POST", "/v1/deliveries/replay", `{"filter":{"status":"refused","since":"2025-08-05T00:00:00Z"},"preview":true}`)
	a.ask(200, nil, ops, "GET", "/si/callbacks/dlq?status=refused&webhookId="+hook.Data.ID+"&limit=1", "")
	a.ask(200, nil, ops, "GET", "/si/callbacks/dlq/stats", "")
	a.ask(200, nil, ops, "POST", "/si/callbacks/dlq/replay", `{"ids":["`+list.Data[0].ID+`"]}`)
	a.ask(200, nil, write, "POST", path+"/replay", `{"since":"2025-08-05T00:00:00Z"}`)
	a.ask(200, nil, write, "DELETE", path, "")
}

func TestTheDocumentAndTheRoutesAreTheSame(t *testing.T) {
	t.Parallel()
	c := theContract(t)
	inTable := map[string]bool{}
	for _, r := range httpapi.Routes() {
		path := strings.Replace(r.Path, "*", "{path}", 1)
		inTable[r.Method+" "+path] = true
		i := slices.IndexFunc(c.operations, func(o *operation) bool { return o.method == r.Method && o.path == path })
		if i < 0 {
			t.Errorf("%s %s is not in openapi.yaml", r.Method, path)
			continue
		}
		sameRoute(t, c, c.operations[i], r)
	}
	for _, o := range c.operations {
		if !inTable[o.method+" "+o.path] {
			t.Errorf("%s %s is in openapi.yaml and not among the routes", o.method, o.path)
		}
	}
}

// sameRoute compares what a row of the table says with the document.
func sameRoute(t *testing.T, c *contract, o *operation, r httpapi.Route) {
	t.Helper()
	if _, open := o.node["security"]; open != (r.Scope == "") {
		t.Errorf("%s: public %t in the document, scope %q in the table", o.id, open, r.Scope)
	}
	if _, takes := o.node["requestBody"]; takes != r.Body {
		t.Errorf("%s: body %t in the document, %t in the table", o.id, takes, r.Body)
	}
	var query []string
	list, _ := o.node["parameters"].([]any)
	for _, node := range list {
		if p, _ := c.resolve(node, ""); p["in"] == "query" {
			query = append(query, p["name"].(string))
		}
	}
	want := slices.Clone(r.Query)
	slices.Sort(want)
	if slices.Sort(query); !slices.Equal(query, want) {
		t.Errorf("%s: query %v in the document, %v in the table", o.id, query, want)
	}
}

func TestEverySchemaOfTheDocumentCompiles(t *testing.T) {
	t.Parallel()
	c := theContract(t)
	for name := range c.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := c.schema("#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
