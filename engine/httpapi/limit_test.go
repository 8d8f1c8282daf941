package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
)

func TestALongBodyIsRefusedHoweverItComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { c.MaxBody = 1000 })
	long := `{"invoice":"` + strings.Repeat("x", 1000) + `"}`
	p := w.refused(http.StatusRequestEntityTooLarge, "body_too_large", w.ours.write, "POST", "/si/invoices", long)
	if len(p.Errors) != 1 || !strings.Contains(p.Detail, "1000") {
		t.Errorf("%+v", p)
	}
	// Without a Content-Length the limit is met while reading.
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/si/invoices", io.MultiReader(strings.NewReader(long)))
	r.Header.Set("Authorization", "Bearer "+w.ours.write)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: status %d", rec.Code)
	}
	fits := `{"invoice":"` + strings.Repeat("x", 1000-len(`{"invoice":""}`)) + `"}`
	w.refused(http.StatusUnprocessableEntity, "invalid_invoice", w.ours.write, "POST", "/si/invoices", fits)
}

func TestOnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, good := range []string{"", "application/json; charset=UTF-8", "application/vnd.erp+json", "Application/JSON"} {
		w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices", w.submission(fmt.Sprintf("TYPE-%d", i)), "Content-Type", good)
	}
	for _, bad := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json", "multipart/form-data; boundary=x"} {
		w.refused(http.StatusUnsupportedMediaType, "not_json", w.ours.write, "POST", "/si/invoices", w.submission("TYPE-X"), "Content-Type", bad)
	}
	w.refused(http.StatusUnsupportedMediaType, "content_coding", w.ours.write, "POST", "/si/invoices", w.submission("TYPE-X"), "Content-Encoding", "gzip")
}

func TestSmallBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.submitted("STRICT-1")
	void := "/si/invoices/" + s.ID + "/void"
	for body, want := range map[string]string{
		`{"number":"A","number":"B"}`: "/number", `{} {}`: "", `{"number":`: "/number",
	} {
		p := w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "POST", void, body)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != want {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", void, `{"number":7,"nummer":"A"}`)
	if len(p.Errors) != 2 || p.Errors[0].Pointer != "/nummer" && p.Errors[1].Pointer != "/nummer" {
		t.Errorf("%+v", p.Errors)
	}
	if after := w.read(s.ID); after.Status != "DRAFT" {
		t.Errorf("voided all the same: %s", after.Status)
	}
}

// gate is a store of keys that holds every request until it is opened.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func (g gate) Authenticate(ctx context.Context, _ string) (domain.Principal, error) {
	g.entered <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
	}
	return domain.Principal{}, ctx.Err()
}

func TestRequestsBeyondTheBoundAreTurnedAwayAndProbesAreNot(t *testing.T) {
	t.Parallel()
	g := gate{entered: make(chan struct{}), open: make(chan struct{})}
	w := newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { c.MaxInFlight, c.Keys = 2, g })
	done := make(chan int, 2)
	for range 2 {
		go func() { done <- w.call("k", "GET", "/si/invoices", "").status }()
		<-g.entered
	}
	r := w.want(http.StatusServiceUnavailable, nil, "k", "GET", "/si/invoices", "")
	if r.header.Get("Retry-After") != "1" || !strings.Contains(string(r.body), `"busy"`) {
		t.Errorf("%v %s", r.header, r.body)
	}
	w.want(http.StatusOK, nil, "", "GET", "/healthz", "")
	close(g.open)
	for range 2 {
		if status := <-done; status != http.StatusForbidden {
			t.Errorf("a request within the bound was answered %d", status)
		}
	}
	go func() { <-g.entered }()
	w.want(http.StatusForbidden, nil, "k", "GET", "/si/invoices", "")
}

func TestTheServerEndsWhatIsTooSlowOrTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := httpapi.NewServer(w.handler, discard())
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 {
		t.Errorf("a timeout is missing: %+v", server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	conn, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 32<<10))
	must(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestAnUnfinishedConfigIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := httpapi.New(httpapi.Config{}); err == nil {
		t.Error("an API without services was made")
	}
	var cfg httpapi.Config
	newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { cfg = *c })
	cfg.MaxBody = -1
	if _, err := httpapi.New(cfg); err == nil {
		t.Error("a negative limit was taken")
	}
}
