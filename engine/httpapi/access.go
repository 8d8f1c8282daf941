package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/telemetry"
)

// requestLimit bounds the work on one request; the answer must still fit into
// the server's WriteTimeout.
const requestLimit = 40 * time.Second

// access is the outermost layer: it gives the request its id, ends in one log
// line and one observation, and turns a panic into a problem.
func (a *api) access(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := a.cfg.Now()
		c := &call{id: chooseID(r.Header.Get(headerRequestID))}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), keyCall, c), requestLimit)
		defer cancel()
		r = r.WithContext(ctx)
		answer := &recorder{ResponseWriter: w}
		answer.Header().Set(headerRequestID, c.id)
		answer.Header().Set("X-Content-Type-Options", "nosniff")
		// In a defer of its own: a connection that is dropped is noted too.
		defer func() { a.note(r, c, answer.status(), a.cfg.Now().Sub(started)) }()
		defer func() {
			if p := recover(); p != nil {
				a.recovered(answer, r, p)
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

// recovered answers a panic. http.ErrAbortHandler goes on: it is the server's
// way to drop a connection.
func (a *api) recovered(w *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	a.cfg.Log.Error("panic in a handler", "requestId", requestID(r.Context()), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.code == 0 {
		a.fail(w, r, errInternal)
	}
}

// note writes the access line, without bodies, queries or secrets.
func (a *api) note(r *http.Request, c *call, status int, took time.Duration) {
	route := "unmatched"
	if rc := chi.RouteContext(r.Context()); rc != nil && rc.RoutePattern() != "" && status != http.StatusMethodNotAllowed {
		route = rc.RoutePattern()
	}
	a.metrics.observe(r.Method, route, status, took)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelInfo
	}
	if !a.cfg.Log.Enabled(r.Context(), level) {
		return
	}
	a.cfg.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("duration", took), slog.String("requestId", c.id),
		slog.String("environment", string(c.principal.Environment.ID)))
}

// recorder remembers the status that was sent.
type recorder struct {
	http.ResponseWriter
	code int
}

func (w *recorder) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusGone is logged for a caller who left before the answer.
const statusGone = 499

func (w *recorder) status() int {
	if w.code == 0 {
		return statusGone
	}
	return w.code
}

// metrics counts requests; the zero value counts nothing.
type metrics struct {
	count func(method, route, class string)
	took  func(method, route, class string, d time.Duration)
}

func newMetrics(m *telemetry.Metrics) (metrics, error) {
	if m == nil {
		return metrics{}, nil
	}
	count, err := m.Counter("http_requests_total", "Requests answered, by method, route and class of status.", "method", "route", "class")
	if err != nil {
		return metrics{}, fmt.Errorf("httpapi: %w", err)
	}
	took, err := m.Seconds("http_request_seconds", "Time from the first byte of the handler to its end.", "method", "route", "class")
	if err != nil {
		return metrics{}, fmt.Errorf("httpapi: %w", err)
	}
	return metrics{
		count: func(method, route, class string) { count.WithLabelValues(method, route, class).Inc() },
		took: func(method, route, class string, d time.Duration) {
			took.WithLabelValues(method, route, class).Observe(d.Seconds())
		},
	}, nil
}

// observe counts one request. A method of the caller's invention would make a
// series of its own, so unmatched requests share one.
func (m metrics) observe(method, route string, status int, took time.Duration) {
	if m.count == nil {
		return
	}
	if route == "unmatched" {
		method = "ANY"
	}
	class := strconv.Itoa(status/100) + "xx"
	m.count(method, route, class)
	m.took(method, route, class, took)
}
