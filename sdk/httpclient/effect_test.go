package httpclient_test

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
	"github.com/afara-dev/afara/sdk/internal/began"
)

// breaker is a vendor that answers the first request of each connection and
// cuts the connection after having read any further one.
func breaker(t *testing.T, posts *atomic.Int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerOnce(c, posts)
		}
	}()
	return "http://" + l.Addr().String()
}

func answerOnce(c net.Conn, posts *atomic.Int64) {
	defer c.Close()
	r := bufio.NewReader(c)
	for first := true; ; first = false {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		if request.Method == http.MethodPost {
			posts.Add(1)
		}
		if !first {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	}
}

// TestNetHTTPRepeatsWhatWeMustNot shows that the danger is real: the standard
// client sends this request twice.
func TestNetHTTPRepeatsWhatWeMustNot(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	url := breaker(t, &posts)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := &http.Client{Transport: transport}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Idempotency-Key", "k")
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	if n := posts.Load(); n != 2 {
		t.Skipf("net/http sent the request %d times; the guard may have become needless", n)
	}
}

func TestABrokenReusedConnectionIsNotRetried(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]httpclient.Request{
		"with body":    {Method: http.MethodPost, Path: "/", Body: []byte("{}")},
		"without body": {Method: http.MethodPost, Path: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var posts atomic.Int64
			c := newClient(t, httpclient.Options{BaseURL: breaker(t, &posts)})
			if _, err := c.Do(call(t, true), httpclient.Request{Path: "/"}); err != nil {
				t.Fatal(err) // leaves a connection to reuse
			}
			request.Header = http.Header{"Idempotency-Key": {"k"}}
			ctx := call(t, true)
			_, err := c.Do(ctx, request)
			wantClass(t, err, sdk.UnknownOutcome, "no_answer")
			if n := posts.Load(); n != 1 {
				t.Errorf("the vendor got the request %d times, want once", n)
			}
			if !began.From(ctx).Began() {
				t.Error("the request is not marked as begun")
			}
		})
	}
}

func serveTLS(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestTLSConnectionsAreGuardedToo(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := serveTLS(t, func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL, TLS: s.Client().Transport.(*http.Transport).TLSClientConfig})
	ctx := call(t, true)
	_, err := c.Do(ctx, post("/"))
	wantClass(t, err, sdk.UnknownOutcome, "no_answer")
	late := began.With(t.Context(), began.New(true, time.Now().Add(-time.Second), time.Now))
	_, err = c.Do(late, post("/"))
	wantClass(t, err, sdk.Unavailable, "not_started")
	if n := asked.Load(); n != 1 || !began.From(ctx).Began() {
		t.Errorf("the vendor was asked %d times, want once", n)
	}
}

func TestAnUntrustedCertificateMeansNothingBegan(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, http.NotFound)
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	_, err := c.Do(call(t, true), post("/"))
	wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
}

// TestTheDeadlineIsTheLastStep lets the deadline pass while the request waits
// for the only connection: it was in time when it was asked for, and is late
// when it could start.
func TestTheDeadlineIsTheLastStep(t *testing.T) {
	t.Parallel()
	var effects atomic.Int64
	arrived, release := make(chan struct{}), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			effects.Add(1)
			return
		}
		close(arrived)
		<-release
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL, MaxConnections: 1})
	first := make(chan error, 1)
	go func() {
		_, err := c.Do(call(t, false), httpclient.Request{Path: "/slow"})
		first <- err
	}()
	<-arrived
	var clock atomic.Int64
	deadline := time.Unix(1000, 0)
	clock.Store(deadline.Unix())
	looked := make(chan struct{}, 8)
	tracker := began.New(true, deadline, func() time.Time { looked <- struct{}{}; return time.Unix(clock.Load(), 0) })
	second := make(chan error, 1)
	go func() {
		_, err := c.Do(began.With(t.Context(), tracker), post("/effect"))
		second <- err
	}()
	clock.Add(1)
	close(release)
	wantClass(t, <-second, sdk.Unavailable, "not_started")
	if err := <-first; err != nil {
		t.Error(err)
	}
	if len(looked) != 1 || effects.Load() != 0 || tracker.Began() {
		t.Errorf("clock read %d times, vendor asked %d times, begun %t", len(looked), effects.Load(), tracker.Began())
	}
}

func TestACallHasOneEffect(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/effect" {
			posts.Add(1)
		}
		w.WriteHeader(http.StatusBadRequest)
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	ctx := call(t, true)
	login := httpclient.Form("/login", nil)
	login.Effect = httpclient.Never
	if _, err := c.Do(ctx, login); err != nil || began.From(ctx).Began() {
		t.Fatalf("a login counts as effect: %v", err)
	}
	answer, err := c.Do(ctx, post("/effect"))
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, answer.Failure(), sdk.Rejected, "vendor_refused")
	_, err = c.Do(ctx, post("/effect"))
	wantClass(t, err, sdk.UnknownOutcome, "second_effect")
	if n := posts.Load(); n != 1 {
		t.Errorf("the vendor got %d requests with an effect, want one", n)
	}
}

// TestALaterAnswerSaysNothingAboutTheEffect: after the effect, a question fails
// in ways that alone would mean "nothing happened".
func TestALaterAnswerSaysNothingAboutTheEffect(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	ctx := call(t, true)
	if _, err := c.Do(ctx, httpclient.Request{Path: "/get", Effect: httpclient.Always}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(ctx, httpclient.Request{Path: "/cut"})
	wantClass(t, err, sdk.UnknownOutcome, "no_answer")
	for _, path := range []string{"/missing", "/busy"} {
		answer, err := c.Do(ctx, httpclient.Request{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if class := classOf(t, answer.Failure()); class != sdk.UnknownOutcome {
			t.Errorf("%s is %s, want unknown_outcome", path, class)
		}
	}
}

func TestOutsideACallTheCarefulAnswerIsTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	_, err := c.Do(t.Context(), post("/"))
	wantClass(t, err, sdk.UnknownOutcome, "no_answer")
	_, err = c.Do(t.Context(), httpclient.Request{Path: "/"})
	wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
}
