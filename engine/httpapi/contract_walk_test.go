package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
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
	a.ledger(w.ours)
	a.connections(w.ours)
	a.payments(w.ours)
	a.transactions(w.ours)

	a.connectors(w.ours)
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

// connectors asks for all that is about the connectors' processes.
func (a *asker) connectors(c caller) {
	a.host.show(pluginhost.ConnectorStatus{
		Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, Since: a.clock.Now(), PID: 1,
		Usage: pluginhost.Usage{MemoryBytes: 1 << 20, CPUSeconds: 0.5}, Stderr: []string{"listening"}, LastSuccess: a.clock.Now(),
		Operations: []pluginhost.OperationStatus{{Name: "invoice.sign", Calls: 2, Recent: pluginhost.Span{Calls: 2, Failed: 1, P50: time.Millisecond}}},
		LastError:  &pluginhost.LastError{Class: domain.ClassUnavailable, Code: "down", Operation: "invoice.sign", At: a.clock.Now()},
		Isolation:  &pluginhost.Isolation{NoNewPrivileges: true, DataBytes: 768 << 20, OpenFiles: 4096, NoCgroup: "none here", MemoryBytes: pluginhost.Unlimited, Processes: pluginhost.Unlimited},
	})
	path := "/si/connectors/registry"
	for _, action := range []string{"pause", "resume", "restart", "stop"} {
		a.ask(202, nil, c.ops, "POST", path+"/"+connectorName+"/"+action, `{"reason":"The vendor moves house."}`)
	}
	a.host.install("1.1.0", nil)
	a.ask(202, nil, c.ops, "POST", path+"/"+connectorName+"/reload", "")
	a.ask(202, nil, c.ops, "POST", path+"/"+connectorName+"/rollback", `{"reason":"It is slow."}`)
	a.ask(202, nil, c.ops, "POST", path+"/"+connectorName+"/log-level", `{"level":"debug"}`)
	a.ask(200, nil, c.read, "GET", path, "")
	a.ask(200, nil, c.ops, "GET", path+"/"+connectorName, "")
	must(a.t, a.store.Heartbeat(a.t.Context(), &store.Node{ID: "node_1", Version: "1", StartedAt: a.clock.Now()}))
	a.ask(200, nil, c.ops, "GET", "/si/nodes", "")
	a.ask(200, nil, c.ops, "GET", "/si/audit?action=connector.pause&subject="+connectorName+"&limit=1", "")
}

// connections asks for all that is done to a connection.
func (a *asker) connections(c caller) {
	var made configured
	a.ask(201, &made, c.write, "POST", "/si/connections", `{"connector":"`+connectorName+`","name":"second","settings":{"apiKey":"hunter2"},"capabilities":[],"enabled":false}`, "Idempotency-Key", "k-1")
	path := "/si/connections/" + made.ID
	a.ask(200, nil, c.read, "GET", "/si/connections", "")
	a.ask(200, nil, c.read, "GET", path, "")
	a.ask(200, nil, c.write, "PUT", path, `{"version":1,"connector":"`+connectorName+`","name":"third","settings":{"apiKey":"••••••••"},"enabled":true,"pollEverySeconds":30}`)
	a.ask(200, nil, c.write, "POST", path+"/test", "")
	a.pulls(c, path)
	a.ask(200, nil, c.write, "POST", path+"/operations/scripted.find", `{"reference":"r"}`)
	a.host.script("scripted.charge", domain.ClassUnknownOutcome)
	a.ask(202, nil, c.write, "POST", path+"/operations/scripted.charge", `{"reference":"r"}`, "Idempotency-Key", "k-1")
	a.ask(200, nil, c.write, "POST", path+"/disable", "")
	a.ask(200, nil, c.write, "POST", path+"/enable", "")
	a.ask(200, nil, c.write, "POST", path+"/rollback", `{"version":1}`)
	a.ask(200, nil, c.read, "GET", path+"/versions", "")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		for _, kind := range []string{"", "/told"} {
			a.ask(200, nil, "", method, "/webhooks/"+connectorName+"/"+made.ID+kind, "")
		}
	}
	a.ask(200, nil, c.read, "GET", path+"/webhooks?state=verified&limit=1", "")
	a.ask(200, nil, c.write, "POST", path+"/disable", "")
	a.clock.Add(hour)
	a.ask(200, nil, c.write, "DELETE", path, "")
}

// payments asks for all that an environment sets up for payments.
func (a *asker) payments(c caller) {
	connection := a.mtn(c, "CI")
	const corridor, store, client = "/si/corridors/mtn/CI", "/si/stores/market-cocody", "/si/test-clients/+2250501234567"
	a.ask(201, nil, c.write, "PUT", corridor, "")
	a.ask(200, nil, c.write, "PUT", corridor, `{"enabled":true,"currency":"XOF","commissionBps":250,"merchantAbsorptionPct":50,"unknownMsisdnPolicy":"passthrough","connectionId":"`+string(connection)+`"}`)
	a.ask(200, nil, c.read, "GET", "/si/corridors", "")
	a.ask(200, nil, c.read, "GET", corridor, "")
	a.ask(200, nil, c.write, "DELETE", corridor, "")
	a.ask(201, nil, c.write, "POST", "/si/stores", `{"slug":"market-cocody","name":"Marché de Cocody","active":true}`, "Idempotency-Key", "k-1")
	a.ask(200, nil, c.read, "GET", "/si/stores?limit=1&cursor=a", "")
	a.ask(200, nil, c.read, "GET", store, "")
	a.ask(200, nil, c.write, "PUT", store, `{"name":"Cocody","active":true}`)
	a.ask(200, nil, c.write, "DELETE", store, "")
	a.ask(201, nil, c.write, "POST", "/si/test-clients", `{"msisdn":"+2250501234567","operator":"mtn","country":"CI","name":"Awa","balance":50000,"status":"active","pin":"4711"}`)
	a.ask(200, nil, c.read, "GET", "/si/test-clients?operator=mtn&limit=1&cursor=mtn:2250500000000", "")
	a.ask(200, nil, c.read, "GET", client+"?operator=mtn&country=CI", "")
	a.ask(200, nil, c.write, "PUT", client, `{"balance":40000,"name":"Awa","status":"active","pin":"4711"}`)
	prompt := a.host.phones.prompt(a.t, "+2250501234567", "payment-1", 1000)
	a.ask(200, nil, c.read, "GET", client+"/prompts", "")
	a.ask(200, nil, c.write, "POST", client+"/prompts/"+prompt, `{"answer":"approve","pin":"4711"}`)
	a.ask(200, nil, c.write, "DELETE", client, "")
}

// transactions asks for all that moves money.
func (a *asker) transactions(c caller) {
	a.mtn(c, "CI")
	a.want(201, nil, c.write, "PUT", "/si/corridors/mtn/CI", "")
	a.want(201, nil, c.write, "POST", "/si/stores", `{"slug":"zana"}`)
	const pay = `{"amount":25000,"currency":"XOF","msisdn":"+2250501234567","reference":"ZANA-1","application":"zana","operator":"mtn","country":"CI",
		"order_ref":"ORDER-1","order_url":"https://shop.example/1","is_url_protected":true,"description":"Two loaves","scenario":"success"}`
	var made struct{ ID string }
	a.ask(201, &made, c.write, "POST", "/v1/payments", pay, "Idempotency-Key", "pay-1")
	a.ask(200, nil, c.write, "POST", "/v1/payments", pay)
	a.walk(a.message(made.ID))
	path := "/v1/payments/" + made.ID
	a.ask(200, nil, c.read, "GET", path, "")
	a.ask(200, nil, c.read, "GET", "/v1/payments?limit=1&country=CI&operator=mtn&status=SUCCESS&type=collection&order=ORDER-1", "")
	a.invoicePayments(c)
	a.late(c)
	stop := a.worker() // from here on nothing else may claim
	defer stop()
	for _, status := range []int{201, 200} {
		a.ask(status, nil, c.write, "POST", path+"/refund", `{"amount":1000,"reference":"ZANA-R1","description":"One loaf"}`)
		a.ask(status, nil, c.write, "POST", "/v1/disbursements", `{"amount":1000,"currency":"XOF","msisdn":"+2250501234567","application":"zana","reference":"ZANA-D1",
			"operator":"mtn","country":"CI","order_ref":"ORDER-1","order_url":"https://shop.example/1","is_url_protected":false,"description":"Change"}`)
	}
	a.float(c)
	a.ask(200, nil, "", "GET", "/v1/meta", "")
	a.ask(200, nil, "", "GET", "/v1/health", "")
}

// late asks for what the operators of payments see and decide.
func (a *asker) late(c caller) {
	first, second := a.latePayment(c, "LATE-1"), a.latePayment(c, "LATE-2")
	a.ask(200, nil, c.ops, "GET", "/si/payments?status=TIMEOUT&held=false&late=true&reference=LATE-1&order=LATE-1&limit=1&cursor="+second, "")
	a.ask(202, nil, c.ops, "POST", "/si/payments/"+first+"/refund-late", "", "Idempotency-Key", "late-1")
	a.ask(200, nil, c.ops, "POST", "/si/payments/"+second+"/accept-late", "", "Idempotency-Key", "late-2")
	a.ask(200, nil, c.ops, "GET", "/si/payments/"+first, "")
}

// float asks for all that is done with the merchant's float.
func (a *asker) float(c caller) {
	var booked adjustment
	a.ask(201, &booked, c.ops, "POST", "/si/float/adjustments", transfer("credit", 500000, "FT-1"), "Idempotency-Key", "float-1")
	a.ask(200, nil, c.ops, "GET", "/si/float", "")
	a.ask(200, nil, c.ops, "GET", "/si/float/adjustments?currency=XOF&reference=FT-1&limit=1", "")
	a.ask(200, nil, c.ops, "GET", "/si/float/adjustments?cursor="+booked.ID, "")
}

// invoicePayments asks for all that is paid of an invoice.
func (a *asker) invoicePayments(c caller) {
	var made shown
	var asked struct{ ID string }
	a.want(202, &made, c.write, "POST", "/si/invoices", strings.Replace(a.submission("CONTRACT-PAID"), `"document_currency_code": "NGN"`, `"document_currency_code": "XOF"`, 1))
	a.walk(made.MessageID)
	const body = `{"msisdn":"+2250501234567","application":"zana","operator":"mtn","country":"CI","amount":1000}`
	path := "/si/invoices/" + made.ID
	a.ask(201, &asked, c.write, "POST", path+"/payment-requests", body, "Idempotency-Key", "ask-1")
	a.ask(200, nil, c.write, "POST", path+"/payment-requests", body)
	a.walk(a.message(asked.ID))
	a.ask(200, nil, c.read, "GET", path, "")
	var list struct {
		Data []struct {
			ID   string
			Paid float64 `json:"paidAmount"`
		}
	}
	a.ask(200, &list, c.read, "GET", "/si/invoices?paymentStatus=PARTIAL", "")
	if len(list.Data) != 1 || list.Data[0].ID != made.ID || list.Data[0].Paid != 1000 {
		a.t.Errorf("partly paid are %+v", list.Data)
	}
}

// pulls asks for all that is read of a connection's streams.
func (a *asker) pulls(c caller, path string) {
	a.ask(200, nil, c.write, "POST", path+"/preview", `{"stream":"items","limit":2}`)
	a.ask(202, nil, c.write, "POST", path+"/sync", "")
	a.ask(202, nil, c.write, "POST", path+"/sync", `{"stream":"items"}`)
	var runs struct{ Data []struct{ ID string } }
	a.ask(200, &runs, c.read, "GET", path+"/runs?stream=items&limit=1", "")
	a.ask(200, nil, c.read, "GET", path+"/runs?cursor="+runs.Data[0].ID, "")
	a.pull()
	var records struct{ Data []struct{ ID string } }
	a.ask(200, &records, c.read, "GET", path+"/records?stream=items&key=item-2&limit=1", "")
	a.ask(200, nil, c.read, "GET", path+"/runs", "")
	a.ask(200, nil, c.read, "GET", path+"/records?stream=items&cursor="+records.Data[0].ID, "")
}

// ledger asks for all that is read of the ledger.
func (a *asker) ledger(c caller) {
	first, second := a.posted(c, "collection", "TX_CONTRACT1", 24750), a.posted(c, "refund", "TX_CONTRACT1", 1)
	a.ask(200, nil, c.read, "GET", "/v1/ledger?account=sim:%2B2250707000001&kind=collection&resource=TX_CONTRACT1&currency=XOF&from=2025-08-05T00:00:00Z&to=2027-08-05T00:00:00Z&format=json&limit=1", "")
	a.ask(200, nil, c.read, "GET", "/v1/ledger?cursor="+string(second.ID), "", "Accept", "application/json")
	a.ask(200, nil, c.read, "GET", "/v1/ledger?format=csv&resource="+first.Resource, "")
	a.ask(200, nil, c.read, "GET", "/v1/ledger", "", "Accept", "text/csv")
	var list struct{ NextCursor string }
	a.ask(200, &list, c.read, "GET", "/v1/ledger/accounts?currency=XOF&limit=1", "")
	a.ask(200, nil, c.read, "GET", "/v1/ledger/accounts?account=float&cursor="+list.NextCursor, "")
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
