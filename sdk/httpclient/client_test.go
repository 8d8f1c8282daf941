package httpclient_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
	"github.com/afara-dev/afara/sdk/internal/began"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is the context of a call whose operation has an effect, or not.
func call(t *testing.T, effect bool) context.Context {
	t.Helper()
	return began.With(t.Context(), began.New(effect, time.Time{}, time.Now))
}

func newClient(t *testing.T, o httpclient.Options) *httpclient.Client {
	t.Helper()
	c, err := httpclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func wantClass(t *testing.T, err error, class sdk.Class, code string) *sdk.Error {
	t.Helper()
	var e *sdk.Error
	if !errors.As(err, &e) || e.Class != class || e.Code != code {
		t.Fatalf("got error %v, want %s %s", err, class, code)
	}
	return e
}

func post(path string) httpclient.Request {
	return httpclient.Request{Method: http.MethodPost, Path: path, Body: []byte(`{"a":1}`)}
}

func TestARequestCarriesWhatItWasGiven(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		if r.Method != http.MethodPost || r.URL.String() != "/base/v1/a%2Fb?q=1" || body.String() != `{"n":7}` ||
			r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Key") != "own" || r.Header.Get("X-All") != "all" {
			t.Errorf("got %s %s %v %s", r.Method, r.URL, r.Header, &body)
		}
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL + "/base/", Header: http.Header{"X-Key": {"general"}, "X-All": {"all"}}})
	r, err := httpclient.JSON("", "v1/a%2Fb", map[string]int{"n": 7})
	if err != nil {
		t.Fatal(err)
	}
	r.Query, r.Header = map[string][]string{"q": {"1"}}, http.Header{"X-Key": {"own"}}
	answer, err := c.Do(call(t, true), r)
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ OK bool }
	if err := answer.JSON(&out); err != nil || !out.OK || answer.Failure() != nil {
		t.Errorf("answer %s: %v", answer.Body, err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	for _, v := range []struct {
		effect bool
		class  sdk.Class
	}{{true, sdk.UnknownOutcome}, {false, sdk.Misconfigured}} {
		answer, err := c.Do(call(t, v.effect), post("/here"))
		if err != nil {
			t.Fatal(err)
		}
		wantClass(t, answer.Failure(), v.class, "vendor_redirected")
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the vendor was asked %d times, want twice", n)
	}
}

func TestAnAnswerWithoutEndIsCut(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				return
			}
		}
	})
	c := newClient(t, httpclient.Options{BaseURL: s.URL, MaxResponse: 1000})
	_, err := c.Do(call(t, false), httpclient.Request{Path: "/"})
	wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
	_, err = c.Do(call(t, true), post("/"))
	wantClass(t, err, sdk.UnknownOutcome, "no_answer")
}

func TestALongestAnswerIsStillRead(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 1000)) })
	c := newClient(t, httpclient.Options{BaseURL: s.URL, MaxResponse: 1000})
	answer, err := c.Do(call(t, false), httpclient.Request{Path: "/"})
	if err != nil || len(answer.Body) != 1000 {
		t.Errorf("got %v", err)
	}
}

func TestNoConnectionMeansNothingBegan(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c := newClient(t, httpclient.Options{BaseURL: s.URL})
	ctx := call(t, true)
	_, err := c.Do(ctx, post("/x?key=canary"))
	e := wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
	if began.From(ctx).Began() {
		t.Error("an effect is marked as begun although nothing was dialled")
	}
	if strings.Contains(e.Message, "canary") {
		t.Errorf("the error shows the URL's query: %s", e.Message)
	}
}

func TestATimeoutIsADoubtOnlyForAnEffect(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	c := newClient(t, httpclient.Options{BaseURL: s.URL, Timeout: 50 * time.Millisecond})
	_, err := c.Do(call(t, true), post("/"))
	wantClass(t, err, sdk.UnknownOutcome, "no_answer")
	_, err = c.Do(call(t, false), post("/"))
	wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
	_, err = c.Do(call(t, true), httpclient.Request{Path: "/"})
	wantClass(t, err, sdk.Unavailable, "vendor_unreachable")
}

func TestTheBaseURLIsChecked(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"ftp://host", "host:80", "http://", "http://user:canary@host", "http://host?a=canary", "http://host/#canary", "http://ho st/canary"} {
		_, err := httpclient.New(httpclient.Options{BaseURL: base})
		e := wantClass(t, err, sdk.Misconfigured, "base_url_invalid")
		if strings.Contains(e.Error(), "canary") {
			t.Errorf("%s: the error repeats what may be secret: %v", base, e)
		}
	}
}
