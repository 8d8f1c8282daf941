package httpapi_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestTheRequestIDIsTheCallersWhenItIsSane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for offered, taken := range map[string]bool{
		"erp-2025.08_05": true, "": false, "short": false, "has blank": false, "quote\"quote": false, strings.Repeat("x", 65): false,
	} {
		r := w.want(http.StatusOK, nil, "", "GET", "/healthz", "", "X-Request-Id", offered)
		got := r.header.Get("X-Request-Id")
		if (got == offered) != taken || !taken && !strings.HasPrefix(got, "req_") {
			t.Errorf("offered %q, answered %q", offered, got)
		}
	}
	if p := w.refused(http.StatusUnauthorized, "unauthenticated", "", "GET", "/si/invoices", "", "X-Request-Id", "erp-00000001"); p.RequestID != "erp-00000001" {
		t.Errorf("%+v", p)
	}
}

func TestOneLineIsLoggedPerRequestWithoutSecretsOrBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(http.StatusAccepted, nil, w.ours.write, "POST", "/si/invoices?environmentId="+string(w.ours.environment.ID), w.submission("LOGGED-1"), "X-Request-Id", "erp-00000001")
	w.refused(http.StatusUnauthorized, "unauthenticated", "key_x:hunter2", "GET", "/si/invoices/inv_guess", "")
	log := w.logs.String()
	if n := strings.Count(log, "requestId=erp-00000001"); n != 1 {
		t.Errorf("%d lines of one request: %s", n, log)
	}
	for _, want := range []string{"level=DEBUG", "method=POST", "route=/si/invoices ", "status=202", "duration=", "environment=" + string(w.ours.environment.ID), "route=/si/invoices/{id}"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in %s", want, log)
		}
	}
	_, secret, _ := strings.Cut(w.ours.write, ":")
	for _, never := range []string{secret, "hunter2", "LOGGED-1", "Iroko", "inv_guess", "environmentId"} {
		if strings.Contains(log, never) {
			t.Errorf("%q is in the log", never)
		}
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.submitted("COUNT-1")
	w.read(s.ID)
	w.call("", "BREW", "/nowhere/"+s.ID, "")
	page := string(w.want(http.StatusOK, nil, "", "GET", "/metrics", "").body)
	for _, want := range []string{
		`afara_http_requests_total{class="2xx",method="POST",route="/si/invoices"} 1`,
		`afara_http_requests_total{class="2xx",method="GET",route="/si/invoices/{id}"} 1`,
		`afara_http_requests_total{class="4xx",method="ANY",route="unmatched"} 1`,
		`afara_http_request_seconds_count{class="2xx",method="POST",route="/si/invoices"} 1`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
	if strings.Contains(page, s.ID) || strings.Contains(page, "BREW") {
		t.Error("a caller's words made a series")
	}
}

func TestAnswersAreNotKeptOnTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.want(http.StatusOK, nil, w.ours.read, "GET", "/si/invoices", "")
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", r.header)
	}
}
