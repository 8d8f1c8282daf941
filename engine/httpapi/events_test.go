package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

type storedEvent struct {
	EventID, Event, Source string
	ResourceID             *string
	Sequence, Deliveries   int
	Data                   map[string]any
}

func TestAnEventIsPublishedOnceForItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"event":"customer.created", "resourceId":"cus_1", "data": { "customerId":"cus_1",  "name":"Ada Foods" }}`
	var first, again one[storedEvent]
	w.want(http.StatusAccepted, &first, w.ours.write, "POST", "/v1/events", body, "Idempotency-Key", "e-1")
	w.want(http.StatusAccepted, &again, w.ours.write, "POST", "/v1/events", body, "Idempotency-Key", "e-1")
	w.refused(http.StatusUnprocessableEntity, "idempotency_key_reused", w.ours.write, "POST", "/v1/events", strings.Replace(body, "Ada", "Ola", 1), "Idempotency-Key", "e-1")
	if first.Data.EventID == "" || first.Data.EventID != again.Data.EventID {
		t.Errorf("%+v, %+v", first, again)
	}
	if n := w.count(`SELECT COUNT(*) FROM event WHERE CAST(data AS TEXT) = '{ "customerId":"cus_1",  "name":"Ada Foods" }' AND source = 'integrator'`); n != 1 {
		t.Error("the bytes of data are not those that came")
	}
	var got one[storedEvent]
	w.want(http.StatusOK, &got, w.ours.read, "GET", "/v1/events/"+first.Data.EventID, "")
	if got.Data.Sequence != 1 || got.Data.Deliveries != 0 || got.Data.Source != "integrator" || *got.Data.ResourceID != "cus_1" || got.Data.Data["name"] != "Ada Foods" {
		t.Errorf("%+v", got)
	}
	w.refused(http.StatusNotFound, "event_not_found", w.ours.read, "GET", "/v1/events/evt_x", "")
}

func TestABatchIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := `{"event":"customer.created","data":` + aCustomer + `}`
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/events",
		`{"events":[`+good+`,{"event":"customer.created","data":{"customerId":7}},{"event":"customer.sold","data":{}},`+strings.Replace(good, `"data"`, `"occurredAt":"1999-01-01T00:00:00Z","data"`, 1)+`]}`)
	want := []string{"/events/1/data/customerId", "/events/2/event", "/events/3/occurredAt"}
	for _, pointer := range want {
		found := false
		for _, e := range p.Errors {
			found = found || e.Pointer == pointer && e.Fix != ""
		}
		if !found {
			t.Errorf("%s is not among %+v", pointer, p.Errors)
		}
	}
	if n := w.count(`SELECT COUNT(*) FROM event`); n != 0 {
		t.Fatalf("%d events stored", n)
	}
	var made one[[]storedEvent]
	w.want(http.StatusAccepted, &made, w.ours.write, "POST", "/v1/events", `{"events":[`+good+`,`+good+`]}`)
	if len(made.Data) != 2 || made.Data[0].EventID == made.Data[1].EventID || made.Data[0].ResourceID != nil {
		t.Errorf("%+v", made)
	}
}

func TestAPublicationIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := strings.TrimSuffix(strings.Repeat(`{"event":"customer.created","data":`+aCustomer+`},`, 101), ",")
	for body, pointer := range map[string]string{
		`{"data":{}}`: "/event", `{"event":"customer.created"}`: "/data", `{"events":[]}`: "/events", `{"events":[` + many + `]}`: "/events",
		`{"event":"customer.created","data":` + aCustomer + `,"businessId":"x"}`:    "/businessId",
		`{"event":"customer.created","data":` + aCustomer + `,"events":[{}]}`:       "/data",
		`{"event":"customer.created","data":` + aCustomer + `,"resourceId":"a\nb"}`: "/resourceId",
		`{"event":"customer.created","data":{"customerId":"x","name":7}}`:           "/data/name",
		`{"event":"sale.sync","data":{}}`:                                           "/event",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/events", body)
		found := false
		for _, e := range p.Errors {
			found = found || e.Pointer == pointer
		}
		if !found {
			t.Errorf("%s: %+v, want %s", body[:min(len(body), 80)], p.Errors, pointer)
		}
	}
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "POST", "/v1/events", `{"events":[`)
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "POST", "/v1/events", `{"event":"customer.created","event":"x","data":{}}`)
}

func TestEventsAreFoundByEachFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.published("cus_1")
	w.clock.Add(hour)
	second, third := w.published("cus_2"), w.published("cus_2")
	for query, want := range map[string]string{
		"": third + second + first, "?order=asc": first + second + third, "?resourceId=cus_2": third + second,
		"?event=customer.*": third + second + first, "?event=invoice.signed": "", "?until=2025-08-05T12:30:00Z": first,
		"?since=2025-08-05T12:30:00Z": third + second, "?cursor=" + second: first, "?order=asc&cursor=" + second: third,
	} {
		var list many[storedEvent]
		w.want(http.StatusOK, &list, w.ours.read, "GET", "/v1/events"+query, "")
		got := ""
		for _, e := range list.Data {
			got += e.EventID
		}
		if got != want || list.NextCursor != nil || !list.Success {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var page many[storedEvent]
	w.want(http.StatusOK, &page, w.ours.read, "GET", "/v1/events?limit=2", "")
	if len(page.Data) != 2 || page.NextCursor == nil || *page.NextCursor != second {
		t.Errorf("%+v", page)
	}
	for query, code := range map[string]string{"event=customer.sold": "event_type", "order=up": "enum", "cursor=dlv_1": "id", "since=now": "date-time", "status=x": "unknown_parameter"} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/v1/events?"+query, "")
		if len(p.Errors) != 1 || p.Errors[0].Code != code {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
}

func TestTheCatalogueLeadsToTheSchemas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var list many[struct {
		Event, Description, Schema string
		Aliases                    []string
	}]
	w.want(http.StatusOK, &list, w.ours.read, "GET", "/v1/event-types", "")
	if len(list.Data) != len(schemas.EventTypes()) {
		t.Fatalf("%d types", len(list.Data))
	}
	for _, e := range list.Data {
		if e.Description == "" || (e.Event == "invoice.signed") != (len(e.Aliases) == 1) {
			t.Errorf("%+v", e)
		}
		w.want(http.StatusOK, nil, "", "GET", e.Schema, "")
	}
}
