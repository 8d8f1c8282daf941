package callback_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/callback"
)

func TestRecordOfAnAnswerHoldsNoSecretAndFitsAColumn(t *testing.T) {
	t.Parallel()
	r := to(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=hunter2")
		w.Header().Set("X-Request-Id", strings.Repeat("r", 300))
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "keep me\x00\x1b[31m\xff %s {\"access_token\": \"hunter2\", \"pin\":4711, \"id\": \"fine\", \"password\":\"hun\\\"hunter2\"}", testSecret)
		fmt.Fprint(w, " Authorization: Bearer hunter2 client_secret=hunter2&x=1")
		fmt.Fprint(w, strings.Repeat(" ", 3600), strings.Repeat("p", 100), `"api_key": "`, strings.Repeat("hunter2", 100))
	})
	for _, leak := range []string{"hunter2", "whsec_", "4711", "\x00", "\x1b"} {
		if strings.Contains(r.Body, leak) {
			t.Errorf("%q is in the record", leak)
		}
	}
	for _, kept := range []string{"keep me", `"id": "fine"`, "x=1"} {
		if !strings.Contains(r.Body, kept) {
			t.Errorf("%q is missing in %s", kept, r.Body)
		}
	}
	if !utf8.ValidString(r.Body) || !r.Truncated {
		t.Errorf("valid %v, truncated %v", utf8.ValidString(r.Body), r.Truncated)
	}
	if r.Header.Get("Set-Cookie") != "" || len(r.Header.Get("X-Request-Id")) != 256 || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("headers %v", r.Header)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 429 X\r\nRetry-After: 9\r\n\r\n{\"pin\":1}"))
	f.Add([]byte("HTTP/1.1 302 X\r\nLocation: http://a:b@c/?d\r\n\r\n\xff\x00"))
	var raw atomic.Pointer[[]byte]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_, _ = conn.Write(*raw.Load())
			_ = conn.Close()
		}
	}))
	f.Cleanup(server.Close)
	g := guard(f, callback.GuardConfig{})
	s, err := callback.NewSender(callback.SenderConfig{Guard: g})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		raw.Store(&answer)
		r := s.Send(t.Context(), callback.Request{URL: server.URL, EventID: "evt_1", Secrets: []string{testSecret}, Policy: local()})
		if len(r.Body) > 4096 || !utf8.ValidString(r.Body) || strings.ContainsRune(r.Body, 0) || r.RetryAfter < 0 || r.Class == "" {
			t.Errorf("%+v", r)
		}
	})
}
