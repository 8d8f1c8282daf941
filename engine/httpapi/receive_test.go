package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
)

func (w *world) hookPath() string {
	return "/webhooks/" + connectorName + "/" + string(w.ours.connection)
}

// pushedRequest is what tests read of the list of what vendors pushed.
type pushedRequest struct {
	ID, Kind, State string
	Repeats         int
	VerifiedAt      *string
	DuplicateOf     *string
	Events          []struct {
		Type       string
		Reference  *string
		OccurredAt *string
	}
	Error *struct{ Class, Code string }
}

func (w *world) receivedOf(key, query string) (list struct {
	Data       []pushedRequest
	NextCursor *string
}) {
	w.t.Helper()
	w.want(http.StatusOK, &list, key, "GET", "/si/connections/"+string(w.ours.connection)+"/webhooks"+query, "")
	return list
}

func TestAPushReachesTheConnectorAsItCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := "genuine R-1 \x00\xff=%zz&"
	r := w.want(http.StatusOK, nil, "", "PATCH", w.hookPath()+"/told?anything=%zz&anything", body,
		"Content-Type", "application/x-www-form-urlencoded", "X-Signature", "s", "Cookie", "console=1", "Content-Encoding", "gzip")
	in := w.host.pushed[0]
	if in.Kind != "told" || in.Method != "PATCH" || in.Path != w.hookPath()+"/told" || in.Query != "anything=%zz&anything" || string(in.Body) != body {
		t.Errorf("%+v", in)
	}
	if in.Header.Get("X-Signature") != "s" || in.Header.Get("Host") != "example.com" || in.Header.Get("Cookie") != "" || !in.ReceivedAt.Equal(w.clock.Now()) {
		t.Errorf("%v at %s", in.Header, in.ReceivedAt)
	}
	if in.Connection.ID != w.ours.connection || in.Connection.Environment != domain.Sandbox {
		t.Errorf("%+v", in.Connection)
	}
	if string(r.body) != "taken" || r.header.Get("X-Vendor") != "thanks" {
		t.Errorf("%s %v", r.body, r.header)
	}
	// A vendor's words are no page of the engine's.
	if r.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || r.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%v", r.header)
	}
}

func TestWhatIsNotProvedIsRefusedAndListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(http.StatusUnauthorized, "webhook_refused", "", "POST", w.hookPath(), "forged CANARY")
	w.want(http.StatusOK, nil, "", "POST", w.hookPath(), "genuine R-1")
	w.want(http.StatusOK, nil, "", "POST", w.hookPath(), "genuine R-1")
	w.want(http.StatusOK, nil, "", "POST", w.hookPath(), "genuine R-1", "X-Try", "2")
	all := w.receivedOf(w.ours.read, "")
	var states []string
	for _, r := range all.Data {
		states = append(states, r.State)
	}
	if !slices.Equal(states, []string{"duplicate", "verified", "refused"}) {
		t.Fatalf("%+v", all)
	}
	told := all.Data[1]
	if told.Repeats != 1 || told.VerifiedAt == nil || len(told.Events) != 1 || told.Events[0].Type != "thing.told" || *told.Events[0].Reference != "R-1" {
		t.Errorf("%+v", told)
	}
	if again := all.Data[0]; again.DuplicateOf == nil || *again.DuplicateOf != told.ID || len(again.Events) != 0 {
		t.Errorf("%+v", again)
	}
	if no := all.Data[2]; no.Error == nil || no.Error.Code != "signature_refused" || no.VerifiedAt != nil {
		t.Errorf("%+v", no)
	}
	first := w.receivedOf(w.ours.read, "?limit=1")
	if second := w.receivedOf(w.ours.read, "?limit=1&cursor="+*first.NextCursor); len(second.Data) != 1 || second.Data[0].ID != told.ID {
		t.Errorf("%+v", second)
	}
	if only := w.receivedOf(w.ours.read, "?state=refused"); len(only.Data) != 1 {
		t.Errorf("%+v", only)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/si/connections/"+string(w.ours.connection)+"/webhooks?state=odd&cursor=x", "")
	if strings.Contains(w.logs.String(), "CANARY") {
		t.Error("a stranger's words are in the log")
	}
}

// All that is not there is answered alike, whatever is wrong with the address.
func TestAStrangerLearnsNothingFromAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var off configured
	w.want(http.StatusCreated, &off, w.ours.write, "POST", "/si/connections", `{"connector":"`+connectorName+`","name":"off","settings":{"apiKey":"hunter2"},"capabilities":[],"enabled":false}`)
	known := string(w.ours.connection)
	var first problem
	for i, path := range []string{
		"/webhooks/scripted/con_01J00000000000000000000000", "/webhooks/other/" + known, "/webhooks/scripted/" + known + "/other",
		"/webhooks/scripted/" + off.ID, "/webhooks/scripted/nonsense", "/webhooks/scripted/" + strings.ToLower(known),
	} {
		p := w.refused(http.StatusNotFound, "webhook_not_found", "", "POST", path, "genuine R-1")
		p.RequestID, p.Instance = "", ""
		if i == 0 {
			first = p
		} else if p.Detail != first.Detail || p.Title != first.Title {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if len(w.host.pushed) != 0 {
		t.Error("one of them reached the connector")
	}
}

func TestALongPushIsNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { c.MaxBody = 100 })
	w.refused(http.StatusRequestEntityTooLarge, "body_too_large", "", "POST", w.hookPath(), "genuine "+strings.Repeat("x", 100))
	r := httptest.NewRequestWithContext(t.Context(), "POST", w.hookPath(), io.MultiReader(strings.NewReader("genuine "+strings.Repeat("x", 100))))
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: status %d", rec.Code)
	}
	if n := w.count(`SELECT COUNT(*) FROM webhook_request`); n != 0 {
		t.Errorf("%d stored", n)
	}
}

func TestAPushThatCannotBeVerifiedIsKeptForLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.away = true
	r := w.call("", "POST", w.hookPath(), "genuine R-1")
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") != "30" {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	if list := w.receivedOf(w.ours.read, "?state=unverified"); len(list.Data) != 1 || len(list.Data[0].Events) != 0 || list.Data[0].Error.Code != "connector_not_ready" {
		t.Errorf("%+v", list)
	}
}

func TestTheAddressOfAConnectionsWebhooksIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var c struct{ WebhookURL string }
	w.want(http.StatusOK, &c, w.ours.read, "GET", "/si/connections/"+string(w.ours.connection), "")
	if want := "https://afara.example" + w.hookPath(); c.WebhookURL != want {
		t.Errorf("%q, want %q", c.WebhookURL, want)
	}
}
