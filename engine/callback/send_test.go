package callback_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
)

const testSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// local opens this machine, where the receivers of these tests listen.
func local() callback.Policy { return callback.Policy{AllowHTTP: true, AllowLoopback: true} }

func receiver(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func send(t *testing.T, g *callback.Guard, r callback.Request) callback.Result {
	t.Helper()
	return sendCtx(t.Context(), t, g, r)
}

func sendCtx(ctx context.Context, t *testing.T, g *callback.Guard, r callback.Request) callback.Result {
	t.Helper()
	s, err := callback.NewSender(callback.SenderConfig{Guard: g})
	if err != nil {
		t.Fatal(err)
	}
	if r.EventID == "" {
		r.EventID = "evt_01"
	}
	if r.Secrets == nil {
		r.Secrets = []string{testSecret}
	}
	if r.Body == nil {
		r.Body = []byte(`{"a":1}`)
	}
	return s.Send(ctx, r)
}

func to(t *testing.T, h http.HandlerFunc) callback.Result {
	t.Helper()
	return send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: receiver(t, h).URL, Policy: local()})
}

func TestCallbackArrivesSignedAsItWasGiven(t *testing.T) {
	t.Parallel()
	body := []byte(`{"z":1, "a":"<é>"}`)
	var got http.Header
	var received []byte
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		received, _ = io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.RequestURI() != "/in?x=1" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	result := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL + "/in?x=1", Body: body, Policy: local()})
	if result.Class != callback.ClassDelivered || result.Status != http.StatusAccepted || result.Reason != "" || result.Cause != nil {
		t.Fatalf("%+v", result)
	}
	if !bytes.Equal(received, body) {
		t.Errorf("received %s", received)
	}
	for _, name := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "X-Signature"} {
		if got.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if got.Get("Content-Type") != "application/json" || !strings.HasPrefix(got.Get("User-Agent"), "Afara") {
		t.Errorf("%v", got)
	}
	for _, name := range []string{"Idempotency-Key", "Accept-Encoding"} {
		if _, there := got[name]; there {
			t.Errorf("%s was sent", name)
		}
	}
}

func TestStatusDecidesWhatFollows(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	})
	for status, want := range map[int]callback.Class{
		200: callback.ClassDelivered, 201: callback.ClassDelivered, 202: callback.ClassDelivered, 204: callback.ClassDelivered, 299: callback.ClassDelivered,
		300: callback.ClassRefused, 301: callback.ClassRefused, 304: callback.ClassRefused, 307: callback.ClassRefused,
		400: callback.ClassRefused, 401: callback.ClassRefused, 403: callback.ClassRefused, 404: callback.ClassRefused, 410: callback.ClassRefused, 422: callback.ClassRefused,
		408: callback.ClassRetry, 425: callback.ClassRetry, 429: callback.ClassRetry,
		500: callback.ClassRetry, 502: callback.ClassRetry, 503: callback.ClassRetry, 504: callback.ClassRetry, 599: callback.ClassRetry,
	} {
		r := send(t, g, callback.Request{URL: fmt.Sprintf("%s/%d", server.URL, status), Policy: local()})
		if r.Class != want || r.Status != status || (r.Reason == "") != (want == callback.ClassDelivered) {
			t.Errorf("%d: %+v", status, r)
		}
	}
}

// TestPolicyDecidesWhichAnswersMayPass: a 2xx is delivered and a 410 the last
// word under every policy; a redirect is a failure.
func TestPolicyDecidesWhichAnswersMayPass(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{})
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	})
	usual := []int{408, 425, 429, 500, 503, 599}
	anything := append([]int{300, 301, 302, 304, 307, 400, 401, 403, 404, 409, 422, 499}, usual...)
	for form, again := range map[string][]int{
		`"default"`: usual, `"none"`: usual, `{"schedule":[60]}`: usual, `"finora"`: {500, 503, 599}, `"sandpay"`: anything, `"standard"`: anything,
	} {
		for _, status := range append([]int{200, 204, 299, 410}, anything...) {
			want := callback.ClassRefused
			if status < 300 {
				want = callback.ClassDelivered
			} else if slices.Contains(again, status) {
				want = callback.ClassRetry
			}
			r := send(t, g, callback.Request{URL: fmt.Sprintf("%s/%d", server.URL, status), Policy: local(), Retry: retry(t, form)})
			if r.Class != want || (r.Reason == callback.ReasonRedirect) != (status/100 == 3) || r.Gone() != (status == 410) {
				t.Errorf("%s: %d: %+v", form, status, r)
			}
		}
	}
}

func TestHeadersOfTheEndpointGoAlongAndNeverInPlaceOfOurs(t *testing.T) {
	t.Parallel()
	var got http.Header
	var host string
	server := receiver(t, func(_ http.ResponseWriter, r *http.Request) { got, host = r.Header.Clone(), r.Host })
	own := map[string]string{"Authorization": "Bearer abc", "x-tenant": "7"}
	for _, name := range reservedHeaders() {
		own[name] = "forged"
	}
	for _, f := range formats() {
		r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Policy: local(), Headers: own, Format: f})
		if r.Class != callback.ClassDelivered {
			t.Fatalf("%+v", r)
		}
		if got.Get("Authorization") != "Bearer abc" || got.Get("X-Tenant") != "7" {
			t.Errorf("%s: own headers are missing: %v", f, got)
		}
		if strings.Contains(fmt.Sprint(got, host), "forged") || got.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", f, got)
		}
	}
}

func TestAnswerThatEchoesHeadersOfTheEndpointIsRecordedWithoutThem(t *testing.T) {
	t.Parallel()
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you sent %s and 1; again %.20s", r.Header.Get("X-My-Own"), r.Header.Get("X-My-Own"))
	})
	r := send(t, guard(t, callback.GuardConfig{}), callback.Request{
		URL: server.URL, Policy: local(), Headers: map[string]string{"X-My-Own": "correct horse battery staple", "X-Version": "1"},
	})
	if r.Body != "you sent [redacted] and 1; again [redacted]" {
		t.Errorf("%q", r.Body)
	}
}

func TestRedirectIsNeverFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Int64
	target := receiver(t, func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	r := to(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target.URL+"/x?token=hunter2")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if r.Class != callback.ClassRefused || r.Reason != callback.ReasonRedirect || followed.Load() != 0 {
		t.Errorf("%+v, %d followed", r, followed.Load())
	}
	if r.Header.Get("Location") != target.URL+"/x" {
		t.Errorf("the record says Location %q", r.Header.Get("Location"))
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0, "-5": 0, "": 0, "soon": 0, "1.5": 0, "99999999999999999999": 7 * 24 * time.Hour,
		"Thu, 01 Jan 1970 00:00:00 GMT": 0,
	} {
		r := to(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		if r.RetryAfter != want {
			t.Errorf("%q: %v, want %v", text, r.RetryAfter, want)
		}
	}
	r := to(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if r.RetryAfter < 59*time.Minute || r.RetryAfter > time.Hour {
		t.Errorf("a date in an hour: %v", r.RetryAfter)
	}
}

func TestTimeoutCoversEveryPartOfTheAnswer(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	var once sync.Once
	release := func() { once.Do(func() { close(released) }) }
	t.Cleanup(release)
	for name, h := range map[string]http.HandlerFunc{
		"silent":  func(http.ResponseWriter, *http.Request) { <-released },
		"headers": func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); <-released },
		"dripping": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-released
		},
	} {
		server := receiver(t, h)
		t.Cleanup(release) // before the server's own end, which waits for handlers
		r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Timeout: 50 * time.Millisecond, Policy: local()})
		if r.Class != callback.ClassRetry || r.Reason != callback.ReasonTimeout || r.Duration < 50*time.Millisecond {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestEndlessAnswerIsCutAndCounts(t *testing.T) {
	t.Parallel()
	r := to(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("y"), 1<<12)); err != nil {
				return
			}
		}
	})
	if r.Class != callback.ClassDelivered || len(r.Body) != 4096 || !r.Truncated {
		t.Errorf("%s %s, %d bytes, truncated %v", r.Class, r.Reason, len(r.Body), r.Truncated)
	}
}

func hijack(t *testing.T, w http.ResponseWriter, answer string) {
	t.Helper()
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && answer == "" {
		_ = tcp.SetLinger(0) // a reset instead of an end
	}
	_, _ = io.WriteString(conn, answer)
	_ = conn.Close()
}

func TestBrokenAnswersAreSentAgain(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]callback.Reason{
		"": callback.ReasonReset,
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc":                  callback.ReasonReset,
		"HTTP/1.1 200 OK\r\n":                                               callback.ReasonReset,
		"SSH-2.0-OpenSSH_9.6\r\n":                                           callback.ReasonProtocol,
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n": callback.ReasonProtocol,
	} {
		r := to(t, func(w http.ResponseWriter, _ *http.Request) { hijack(t, w, answer) })
		if r.Class != callback.ClassRetry || r.Reason != want {
			t.Errorf("%.40q: %s %s %v", answer, r.Class, r.Reason, r.Cause)
		}
	}
}

func TestFinalStatusStaysFinalWhenItsBodyBreaksOff(t *testing.T) {
	t.Parallel()
	r := to(t, func(w http.ResponseWriter, _ *http.Request) {
		hijack(t, w, "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nabc")
	})
	if r.Class != callback.ClassRefused || r.Status != http.StatusNotFound || r.Body != "abc" {
		t.Errorf("%+v", r)
	}
}

func TestNobodyListeningIsConnect(t *testing.T) {
	t.Parallel()
	server := receiver(t, func(http.ResponseWriter, *http.Request) {})
	server.Close()
	r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Policy: local()})
	if r.Class != callback.ClassRetry || r.Reason != callback.ReasonConnect || r.Status != 0 {
		t.Errorf("%+v", r)
	}
}

func TestUnknownNameIsDNS(t *testing.T) {
	t.Parallel()
	g := guard(t, callback.GuardConfig{Resolver: nameServer(t)})
	r := send(t, g, callback.Request{URL: "https://nobody.example/"})
	if r.Class != callback.ClassRetry || r.Reason != callback.ReasonDNS {
		t.Errorf("%+v", r)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Policy: local()})
	if r.Class != callback.ClassRetry || r.Reason != callback.ReasonTLS {
		t.Errorf("an unknown authority: %+v", r)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	r = send(t, guard(t, callback.GuardConfig{RootCAs: pool}), callback.Request{URL: server.URL, Policy: local()})
	if r.Class != callback.ClassDelivered {
		t.Errorf("a known authority: %+v", r)
	}
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	g := guard(t, callback.GuardConfig{RootCAs: pool, Resolver: nameServer(t, netip.MustParseAddr("127.0.0.1"))})
	r = send(t, g, callback.Request{URL: "https://other.test:" + port, Policy: local()})
	if r.Reason != callback.ReasonTLS {
		t.Errorf("another host's certificate: %+v", r)
	}
	plain := receiver(t, func(http.ResponseWriter, *http.Request) {})
	r = send(t, g, callback.Request{URL: strings.Replace(plain.URL, "http:", "https:", 1), Policy: local()})
	if r.Reason != callback.ReasonTLS {
		t.Errorf("plain http behind https: %+v", r)
	}
}

func TestBlockedURLIsNotCalled(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := receiver(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Policy: callback.Policy{AllowHTTP: true}})
	if r.Class != callback.ClassBlocked || r.Reason != callback.ReasonBlocked || calls.Load() != 0 {
		t.Errorf("%+v, %d calls", r, calls.Load())
	}
}

func TestNothingLeavesUnsigned(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := receiver(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	for _, secrets := range [][]string{{}, {"hunter2"}, {testSecret, "whsec_aHVudGVyMg=="}} {
		r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Secrets: secrets, Policy: local()})
		if r.Class != callback.ClassRetry || r.Reason != callback.ReasonSigning || calls.Load() != 0 {
			t.Errorf("%+v, %d calls", r, calls.Load())
		}
	}
}

func TestOwnCancellationIsNotTheReceiversFault(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	server := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // the server notices a lost client only then
		cancel(errors.New("stopping"))
		<-r.Context().Done()
	})
	r := sendCtx(ctx, t, guard(t, callback.GuardConfig{}), callback.Request{URL: server.URL, Policy: local()})
	if r.Class != callback.ClassRetry || r.Reason != callback.ReasonCanceled {
		t.Errorf("%+v", r)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	g := guard(t, callback.GuardConfig{})
	for range 5 {
		if r := send(t, g, callback.Request{URL: server.URL, Policy: local()}); r.Class != callback.ClassDelivered {
			t.Fatalf("%+v", r)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections for five callbacks", opened.Load())
	}
}

func TestReceiverThatClosesKeptConnectionsCostsNoAttempt(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 2 { // on the kept connection, after reading the request
			_, _ = io.ReadAll(r.Body)
			hijack(t, w, "")
		}
	})
	g := guard(t, callback.GuardConfig{})
	for range 2 {
		if r := send(t, g, callback.Request{URL: server.URL, Policy: local()}); r.Class != callback.ClassDelivered {
			t.Errorf("%+v", r)
		}
	}
	if calls.Load() != 3 {
		t.Errorf("%d requests, want the second one repeated", calls.Load())
	}
}

func TestSenderWantsAGuard(t *testing.T) {
	t.Parallel()
	if _, err := callback.NewSender(callback.SenderConfig{}); err == nil {
		t.Error("a sender without a guard was made")
	}
}
