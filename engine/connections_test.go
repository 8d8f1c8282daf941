package engine_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	echo "github.com/afara-dev/afara/plugins/echo/simulator"
)

// A connection is made, tested, used, changed, disabled and deleted over the API
// alone, with the connector's real process behind it.
func TestAConnectionLivesOverTheAPI(t *testing.T) {
	t.Parallel()
	w := start(t)
	vendor := httptest.NewServer(echo.New(echo.Options{APIKey: "echo-key-1"}))
	t.Cleanup(vendor.Close)
	var c struct {
		ID       string
		Version  int
		Settings map[string]string
	}
	settings := map[string]any{"baseUrl": vendor.URL, "apiKey": "echo-key-wrong"}
	if code := w.call("POST", "/si/connections", map[string]any{"connector": "echo", "settings": settings, "enabled": false}, &c); code != http.StatusCreated {
		t.Fatal(code)
	}
	path := "/si/connections/" + c.ID
	var tested struct {
		OK    bool
		Class string
	}
	// The process starts for the test: the connection is not enabled yet.
	eventually(t, "the connector answers", func() bool { return w.call("POST", path+"/test", nil, &tested) == http.StatusOK })
	if tested.OK || tested.Class != "unauthorized" {
		t.Errorf("a wrong key: %+v", tested)
	}
	settings["apiKey"] = "echo-key-1"
	if code := w.call("PUT", path, map[string]any{"settings": settings, "enabled": true, "version": c.Version}, &c); code != http.StatusOK || c.Settings["apiKey"] == "echo-key-1" {
		t.Fatalf("%d %+v", code, c)
	}
	if code := w.call("POST", path+"/test", nil, &tested); code != http.StatusOK || !tested.OK {
		t.Errorf("the right key: %d %+v", code, tested)
	}
	var said struct{ Result struct{ Text string } }
	if code := w.call("POST", path+"/operations/echo.say", map[string]any{"text": "ping"}, &said); code != http.StatusOK || said.Result.Text != "ping" {
		t.Errorf("%d %+v", code, said)
	}
	var refused struct {
		Class  string
		Errors []struct{ Pointer string }
	}
	if code := w.call("POST", path+"/operations/echo.say", map[string]any{"text": 7}, &refused); code != http.StatusUnprocessableEntity || refused.Class != "invalid" || len(refused.Errors) != 1 || refused.Errors[0].Pointer != "/text" {
		t.Errorf("%d %+v", code, refused)
	}
	var prepared struct{ Result struct{ IRN string } }
	w.call("POST", path+"/operations/invoice.prepare", map[string]any{"referenceKey": "OP1", "issueDate": "2026-01-31"}, &prepared)
	if code := w.call("POST", path+"/operations/invoice.validate", map[string]any{"irn": prepared.Result.IRN, "document": w.invoice("OP-1")}, nil); code != http.StatusOK {
		t.Errorf("a document: %d", code)
	}
	if code := w.call("POST", path+"/rollback", map[string]any{"version": 1}, &c); code != http.StatusOK || c.Version != 3 {
		t.Errorf("%d %+v", code, c)
	}
	if code := w.call("POST", path+"/test", nil, &tested); code != http.StatusOK || tested.OK {
		t.Errorf("the old key again: %d %+v", code, tested)
	}
	if code := w.call("POST", path+"/disable", nil, nil); code != http.StatusOK {
		t.Error(code)
	}
	if code := w.call("DELETE", path, nil, nil); code != http.StatusConflict {
		t.Errorf("deleted at once: %d", code)
	}
	var document struct{ Paths map[string]any }
	if w.call("GET", "/openapi.json", nil, &document); document.Paths["/si/connections/{id}/operations/echo.say"] == nil || document.Paths["/si/connections/{id}/operations/firs.download"] == nil {
		t.Error("the document does not have the connectors' operations")
	}
}

// An effect over the real process happens once: the authority counts.
func TestAnEffectOverTheAPIHappensOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	list := struct {
		Data []struct{ ID, Connector string }
	}{}
	w.call("GET", "/si/connections", nil, &list)
	if len(list.Data) != 1 || list.Data[0].Connector != "firs" {
		t.Fatalf("%+v", list)
	}
	path := "/si/connections/" + list.Data[0].ID + "/operations/"
	var signed answer
	w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("OP-1")}, &signed)
	eventually(t, "signed", func() bool {
		w.call("GET", "/si/invoices/"+signed.ID, nil, &signed)
		return signed.Status == "COMPLETED"
	})
	body := map[string]any{"irn": *signed.IRN, "paymentStatus": "PAID"}
	first, replayed := w.keyed(path+"invoice.report_payment", body)
	again, replayedAgain := w.keyed(path+"invoice.report_payment", body)
	if first != again || replayed || !replayedAgain || !strings.HasPrefix(first, "200 ") {
		t.Errorf("%s (%t), %s (%t)", first, replayed, again, replayedAgain)
	}
	if asked, _ := w.authority.Asked(*signed.IRN); asked.Updates != 1 {
		t.Errorf("the authority was told %d times", asked.Updates)
	}
}

// keyed posts under one key and tells what was answered.
func (w *world) keyed(path string, body any) (answered string, replayed bool) {
	w.t.Helper()
	raw, err := json.Marshal(body)
	must(w.t, err)
	req, err := http.NewRequestWithContext(w.t.Context(), "POST", w.url+path, bytes.NewReader(raw))
	must(w.t, err)
	req.Header.Set("Authorization", "Bearer "+w.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "op-1")
	resp, err := client.Do(req)
	must(w.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return resp.Status[:4] + string(got), resp.Header.Get("Idempotency-Replayed") == "true"
}
