package webhook_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// The vector is the public one of the Standard Webhooks libraries.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorTime() time.Time { return time.Unix(1614265330, 0) }

func signed(t *testing.T, secrets ...string) http.Header {
	t.Helper()
	h := make(http.Header)
	if err := webhook.SetHeaders(h, secrets, vectorID, vectorTime(), []byte(vectorBody)); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSignGivesThePublicVector(t *testing.T) {
	t.Parallel()
	got, err := webhook.Sign(vectorSecret, vectorID, vectorTime(), []byte(vectorBody))
	if err != nil || got != vectorSignature {
		t.Errorf("got %q, %v, want %q", got, err, vectorSignature)
	}
}

// TestSignBodyUsesTheSecretAsShown pins which bytes are the key. The expected
// text was made with: openssl dgst -sha256 -hmac "$secret".
func TestSignBodyUsesTheSecretAsShown(t *testing.T) {
	t.Parallel()
	const want = "80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c"
	if got := webhook.SignBody(vectorSecret, []byte(vectorBody)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHeadersCarryBothForms(t *testing.T) {
	t.Parallel()
	h := signed(t, vectorSecret)
	for name, want := range map[string]string{
		"webhook-id":        vectorID,
		"webhook-timestamp": "1614265330",
		"webhook-signature": vectorSignature,
		"x-signature":       webhook.SignBody(vectorSecret, []byte(vectorBody)),
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	other := webhook.NewSecret()
	for _, c := range []struct {
		name    string
		secrets []string
		body    string
		at      time.Duration
		change  func(http.Header)
		want    error
	}{
		{name: "good", secrets: []string{vectorSecret}},
		{name: "edge of the tolerance", secrets: []string{vectorSecret}, at: 5 * time.Minute},
		{name: "old", secrets: []string{vectorSecret}, at: 5*time.Minute + time.Second, want: webhook.ErrTimestamp},
		{name: "from the future", secrets: []string{vectorSecret}, at: -5*time.Minute - time.Second, want: webhook.ErrTimestamp},
		{name: "receiver rotates", secrets: []string{other, vectorSecret}},
		{name: "another secret", secrets: []string{other}, want: webhook.ErrSignature},
		{name: "no secret", want: webhook.ErrNoSecret},
		{name: "bad secret", secrets: []string{"whsec_short"}, want: webhook.ErrSecret},
		{name: "altered body", secrets: []string{vectorSecret}, body: `{"test": 2432232315}`, want: webhook.ErrSignature},
		{name: "altered id", secrets: []string{vectorSecret}, change: set("Webhook-Id", "msg_other"), want: webhook.ErrSignature},
		{name: "altered time", secrets: []string{vectorSecret}, change: set("Webhook-Timestamp", "1614265331"), want: webhook.ErrSignature},
		{name: "time as text", secrets: []string{vectorSecret}, change: set("Webhook-Timestamp", "now"), want: webhook.ErrHeader},
		{name: "time with a sign", secrets: []string{vectorSecret}, change: set("Webhook-Timestamp", "+1614265330"), want: webhook.ErrHeader},
		{name: "time that overflows", secrets: []string{vectorSecret}, change: set("Webhook-Timestamp", "9223372036854775807"), want: webhook.ErrTimestamp},
		{name: "unknown version only", secrets: []string{vectorSecret}, change: set("Webhook-Signature", "v9"+vectorSignature[2:]), want: webhook.ErrSignature},
		{name: "unknown version beside", secrets: []string{vectorSecret}, change: set("Webhook-Signature", "v1a,abc "+vectorSignature)},
		{name: "signature cut", secrets: []string{vectorSecret}, change: set("Webhook-Signature", vectorSignature[:20]), want: webhook.ErrSignature},
		{name: "empty signature", secrets: []string{vectorSecret}, change: set("Webhook-Signature", "v1,"), want: webhook.ErrSignature},
		{name: "too many signatures", secrets: []string{vectorSecret}, change: set("Webhook-Signature", strings.Repeat("v1,a ", 17)+vectorSignature), want: webhook.ErrHeader},
		{name: "no id", secrets: []string{vectorSecret}, change: drop("Webhook-Id"), want: webhook.ErrHeader},
		{name: "no time", secrets: []string{vectorSecret}, change: drop("Webhook-Timestamp"), want: webhook.ErrHeader},
		{name: "body signature alone", secrets: []string{vectorSecret}, change: drop("Webhook-Signature"), want: webhook.ErrHeader},
		{name: "repeated header", secrets: []string{vectorSecret}, change: func(h http.Header) { h.Add("Webhook-Id", "x") }, want: webhook.ErrHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, body := signed(t, vectorSecret), vectorBody
			if c.change != nil {
				c.change(h)
			}
			if c.body != "" {
				body = c.body
			}
			err := webhook.Verify(c.secrets, h, []byte(body), vectorTime().Add(c.at), 0)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func set(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
func drop(name string) func(http.Header)       { return func(h http.Header) { h.Del(name) } }

func TestAReceiverWithTheOldOrTheNewSecretVerifiesDuringRotation(t *testing.T) {
	t.Parallel()
	newest := webhook.NewSecret()
	h := signed(t, newest, vectorSecret)
	if err := webhook.Verify([]string{newest}, h, []byte(vectorBody), vectorTime(), 0); err != nil {
		t.Errorf("new secret: %v", err)
	}
	if err := webhook.Verify([]string{vectorSecret}, h, []byte(vectorBody), vectorTime(), 0); err != nil {
		t.Errorf("old secret: %v", err)
	}
}

func TestVerifyBody(t *testing.T) {
	t.Parallel()
	other, body := webhook.NewSecret(), []byte(vectorBody)
	good := webhook.SignBody(vectorSecret, body)
	for _, c := range []struct {
		name, signature string
		secrets         []string
		want            error
	}{
		{"good", good, []string{vectorSecret}, nil},
		{"as Finora and SandPay write it", "sha256=" + good, []string{vectorSecret}, nil},
		{"another function", "sha512=" + good, []string{vectorSecret}, webhook.ErrHeader},
		{"upper case", strings.ToUpper(good), []string{vectorSecret}, nil},
		{"receiver rotates", good, []string{other, vectorSecret}, nil},
		{"another secret", good, []string{other}, webhook.ErrSignature},
		{"empty secret", webhook.SignBody("", body), []string{""}, webhook.ErrSignature},
		{"no secret", good, nil, webhook.ErrNoSecret},
		{"cut", good[:32], []string{vectorSecret}, webhook.ErrSignature},
		{"empty", "", []string{vectorSecret}, webhook.ErrSignature},
		{"no hexadecimal", "zz", []string{vectorSecret}, webhook.ErrHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := webhook.VerifyBody(c.secrets, c.signature, body); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestVerifyBodyGivesTheVectorOfSandPay uses a vector made from its guide: a
// secret that is no base64 is a key all the same.
func TestVerifyBodyGivesTheVectorOfSandPay(t *testing.T) {
	t.Parallel()
	body := []byte(`{"event":"payment.completed","tx_id":"TX_8K3M9F"}`)
	const signature = "sha256=fac0075c747ac316a5fbd6a4150e56d2bf66a177afbfb5b192799877a0ebad55"
	if err := webhook.VerifyBody([]string{"whsec_test"}, signature, body); err != nil {
		t.Error(err)
	}
}

func TestVerifyBodyHeaderTakesThePreviousSecretsSignature(t *testing.T) {
	t.Parallel()
	body, newest := []byte(vectorBody), webhook.NewSecret()
	h := http.Header{}
	h.Set(webhook.HeaderFinora, "sha256="+webhook.SignBody(newest, body))
	h.Set(webhook.HeaderFinora+"-Previous", "sha256="+webhook.SignBody(vectorSecret, body))
	for _, secret := range []string{newest, vectorSecret} {
		if err := webhook.VerifyBodyHeader([]string{secret}, h, webhook.HeaderFinora, body); err != nil {
			t.Error(err)
		}
	}
	if err := webhook.VerifyBodyHeader([]string{webhook.NewSecret()}, h, webhook.HeaderFinora, body); !errors.Is(err, webhook.ErrSignature) {
		t.Error(err)
	}
	if err := webhook.VerifyBodyHeader([]string{newest}, h, webhook.HeaderSandPay, body); !errors.Is(err, webhook.ErrHeader) {
		t.Error(err)
	}
}

func TestSecretsAreChecked(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_!!!!", "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))} {
		if _, err := webhook.Sign(secret, vectorID, vectorTime(), nil); !errors.Is(err, webhook.ErrSecret) {
			t.Errorf("secret %q: %v", secret, err)
		}
	}
	if _, err := webhook.Sign(vectorSecret, "a.b", vectorTime(), nil); err == nil {
		t.Error("an id with a dot is signed")
	}
	if a, b := webhook.NewSecret(), webhook.NewSecret(); a == b {
		t.Error("two new secrets are the same")
	}
	if err := webhook.SetHeaders(http.Header{}, nil, vectorID, vectorTime(), nil); !errors.Is(err, webhook.ErrNoSecret) {
		t.Errorf("no secret: %v", err)
	}
}

func TestTheHandlerLetsThroughOnlyWhatVerifies(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	v := webhook.Verifier{Secrets: []string{vectorSecret}, Now: vectorTime, MaxBody: 64}
	s := httptest.NewServer(v.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	})))
	t.Cleanup(s.Close)
	send := func(body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = signed(t, vectorSecret)
		answer, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if status := send(vectorBody); status != http.StatusOK || <-got != vectorBody {
		t.Errorf("good callback: %d", status)
	}
	if status := send("{}"); status != http.StatusUnauthorized {
		t.Errorf("altered callback: %d", status)
	}
	if status := send(strings.Repeat(" ", 65)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("long callback: %d", status)
	}
	if len(got) != 0 {
		t.Error("the handler saw a callback that did not verify")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature, "00", []byte(vectorBody))
	f.Add("", "-1", "v1,", "", []byte(nil))
	f.Add("a", "9223372036854775807", "v1,AAAA v1,BBBB", "zz", []byte("{}"))
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string, raw []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		if webhook.VerifyBody([]string{vectorSecret}, body, raw) == nil && string(raw) != vectorBody {
			t.Errorf("a forged x-signature verifies: %q %q", body, raw)
		}
		err := webhook.Verify([]string{vectorSecret}, h, raw, vectorTime(), 0)
		if err == nil && (id != vectorID || string(raw) != vectorBody) {
			t.Errorf("a forged callback verifies: %q %q", h, raw)
		}
	})
}
