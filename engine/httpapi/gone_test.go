package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
)

// untilGone is a store of keys that answers when the caller has gone.
type untilGone struct{}

// Authenticate implements httpapi.Keys.
func (untilGone) Authenticate(ctx context.Context, _ string) (domain.Principal, error) {
	<-ctx.Done()
	return domain.Principal{}, ctx.Err()
}

// A client that closes its half of the connection reads on: of a request that
// was not carried out it must not read a success.
func TestACallerWhoClosesItsHalfReadsNoSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { c.Keys = untilGone{} })
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpapi.NewServer(w.handler, discard())
	server.Start()
	t.Cleanup(server.Close)
	for _, method := range []string{"POST", "GET", "HEAD"} {
		if got := halfClosed(t, server.Listener.Addr().String(), method); got != "" {
			t.Errorf("%s: the answer is %q", method, got)
		}
	}
	if n := strings.Count(w.logs.String(), "status=499"); n != 3 {
		t.Errorf("%d requests are logged as left: %s", n, w.logs)
	}
	page := string(w.want(http.StatusOK, nil, "", "GET", "/metrics", "").body)
	for _, want := range []string{
		`afara_http_requests_total{class="4xx",method="POST",route="/si/invoices"} 1`,
		`afara_http_request_seconds_count{class="4xx",method="POST",route="/si/invoices"} 1`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
}

// halfClosed sends a request, closes its half and gives all that comes back.
func halfClosed(t *testing.T, address, method string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(conn, "%s /si/invoices HTTP/1.1\r\nHost: afara\r\nAuthorization: Bearer k\r\nContent-Length: 0\r\n\r\n", method)
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	got, err := io.ReadAll(conn)
	must(t, err)
	return string(got)
}

// A panic of a handler whose caller has gone as well is logged all the same.
func TestAPanicBehindACallerWhoLeftIsLogged(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	w := failing(t, func() error { leave(); panic("oh no") })
	r := httptest.NewRequestWithContext(ctx, "GET", "/si/invoices", nil)
	r.Header.Set("Authorization", "Bearer k")
	rec := httptest.NewRecorder()
	defer func() {
		p := recover()
		if err, _ := p.(error); !errors.Is(err, http.ErrAbortHandler) || rec.Body.Len() > 0 {
			t.Errorf("panicked with %v, answered %s", p, rec.Body)
		}
		if log := w.logs.String(); !strings.Contains(log, "oh no") || !strings.Contains(log, "status=499") {
			t.Errorf("logged %s", log)
		}
	}()
	w.handler.ServeHTTP(rec, r)
}
