package callback_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/webhook"
)

// The example that the Standard Webhooks libraries share.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorTime() time.Time { return time.Unix(1614265330, 999_000_000) }

func sign(t *testing.T, secrets ...string) http.Header {
	t.Helper()
	return signAs(t, callback.FormatAfara, secrets...)
}

func signAs(t *testing.T, f callback.Format, secrets ...string) http.Header {
	t.Helper()
	h := http.Header{}
	r := callback.Request{EventID: vectorID, EventType: "invoice.paid", Format: f, Secrets: secrets, Body: []byte(vectorBody)}
	if err := r.Sign(h, callback.DefaultHeaderPrefix, vectorTime()); err != nil {
		t.Fatal(err)
	}
	return h
}

func hexHMAC(key, body string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

func TestSignatureMatchesTheStandardWebhooksVector(t *testing.T) {
	t.Parallel()
	h := sign(t, vectorSecret)
	if h.Get("webhook-id") != vectorID || h.Get("webhook-timestamp") != "1614265330" || h.Get("webhook-signature") != vectorSignature {
		t.Errorf("%v", h)
	}
}

func TestBodySignatureIsKeyedWithTheWholeShownSecret(t *testing.T) {
	t.Parallel()
	h := sign(t, vectorSecret)
	if h.Get("x-signature") != hexHMAC(vectorSecret, vectorBody) || h.Get("x-signature-previous") != "" {
		t.Errorf("%v", h)
	}
}

func TestEveryActiveSecretSigns(t *testing.T) {
	t.Parallel()
	h := sign(t, testSecret, vectorSecret)
	signatures := strings.Split(h.Get("webhook-signature"), " ")
	if len(signatures) != 2 || signatures[1] != vectorSignature || signatures[0] == vectorSignature {
		t.Errorf("%v", signatures)
	}
	if h.Get("x-signature") != hexHMAC(testSecret, vectorBody) || h.Get("x-signature-previous") != hexHMAC(vectorSecret, vectorBody) {
		t.Errorf("%v", h)
	}
}

func TestReceiverVerifiesWithEitherSecretDuringARotation(t *testing.T) {
	t.Parallel()
	h := sign(t, testSecret, vectorSecret)
	for _, secrets := range [][]string{{testSecret}, {vectorSecret}, {vectorSecret, testSecret}} {
		if err := webhook.Verify(secrets, h, []byte(vectorBody), vectorTime(), time.Minute); err != nil {
			t.Error(err)
		}
	}
	if err := webhook.Verify([]string{testSecret}, h, []byte(vectorBody+" "), vectorTime(), time.Minute); err == nil {
		t.Error("another body verifies")
	}
}

func TestUnusableSecretsAndIDsAreRefusedWithoutEcho(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "hunter2", "whsec_", "whsec_hunter2!", "whsec_aHVudGVyMg=="} {
		h := http.Header{}
		err := (callback.Request{EventID: vectorID, Secrets: []string{s}}).Sign(h, "X-", vectorTime())
		if err == nil || len(h) != 0 || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg") {
			t.Errorf("%q: %v, %v", s, err, h)
		}
	}
	for _, id := range []domain.EventID{"", "a.b", "a b", "a\r\nb"} {
		if err := (callback.Request{EventID: id, Secrets: []string{vectorSecret}}).Sign(http.Header{}, "X-", vectorTime()); err == nil {
			t.Errorf("id %q was accepted", id)
		}
	}
	if err := (callback.Request{EventID: vectorID}).Sign(http.Header{}, "X-", vectorTime()); err == nil {
		t.Error("signed without a secret")
	}
	h := http.Header{}
	err := (callback.Request{EventID: vectorID, Secrets: []string{vectorSecret}, PrivateKey: "whsk_aHVudGVyMg=="}).Sign(h, "X-", vectorTime())
	if err == nil || len(h) != 0 || strings.Contains(err.Error(), "aHVudGVyMg") {
		t.Errorf("unusable private key: %v, %v", err, h)
	}
}

func TestEachFormatHasItsOwnHeaders(t *testing.T) {
	t.Parallel()
	newest, old := hexHMAC(testSecret, vectorBody), hexHMAC(vectorSecret, vectorBody)
	for f, want := range map[callback.Format]map[string]string{
		callback.FormatAfara:   {"X-Signature": newest, "X-Signature-Previous": old},
		callback.FormatDigitax: {"X-Signature": newest, "X-Signature-Previous": old},
		callback.FormatFinora:  {"X-Finora-Signature": "sha256=" + newest, "X-Finora-Signature-Previous": "sha256=" + old},
		callback.FormatSandpay: {"X-SandPay-Signature": "sha256=" + newest, "X-SandPay-Signature-Previous": "sha256=" + old, "X-SandPay-Event": "invoice.paid"},
	} {
		h := signAs(t, f, testSecret, vectorSecret)
		for name, value := range want {
			if got := h[name]; len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q, want %q", f, name, got, value)
			}
		}
		if len(h) != len(want)+3 || !strings.HasSuffix(h.Get("webhook-signature"), " "+vectorSignature) {
			t.Errorf("%s: %v", f, h)
		}
		if h := signAs(t, f, testSecret); strings.Contains(fmt.Sprint(h), "Previous") {
			t.Errorf("%s, one secret: %v", f, h)
		}
	}
}

func TestPrefixOfOurHeadersIsASetting(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	r := callback.Request{EventID: vectorID, Secrets: []string{testSecret, vectorSecret}, Body: []byte(vectorBody)}
	if err := r.Sign(h, "X-Acme-", vectorTime()); err != nil {
		t.Fatal(err)
	}
	if h.Get("X-Acme-Signature") != hexHMAC(testSecret, vectorBody) || h.Get("X-Acme-Signature-Previous") != hexHMAC(vectorSecret, vectorBody) || h.Get("X-Signature") != "" {
		t.Errorf("%v", h)
	}
	for _, prefix := range []string{"webhook-", "X-Finora-", "x-SANDPAY-", "a b", "X:", "é"} {
		if _, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{}), HeaderPrefix: prefix}); err == nil {
			t.Errorf("prefix %q was accepted", prefix)
		}
	}
}

func TestAPrivateKeySignsInAddition(t *testing.T) {
	t.Parallel()
	private, public := webhook.NewKeyPair()
	h := http.Header{}
	r := callback.Request{EventID: vectorID, Secrets: []string{vectorSecret}, PrivateKey: private, Body: []byte(vectorBody)}
	if err := r.Sign(h, "X-", vectorTime()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(h.Get("webhook-signature"), vectorSignature+" v1a,") {
		t.Errorf("%v", h)
	}
	for _, v := range []webhook.Verifier{{Secrets: []string{vectorSecret}, Now: vectorTime}, {PublicKeys: []string{public}, Now: vectorTime}} {
		if err := v.Verify(h, r.Body); err != nil {
			t.Error(err)
		}
	}
}

func TestARequestPrintsNoSecret(t *testing.T) {
	t.Parallel()
	r := callback.Request{
		URL: "https://a.example/hunter2", EventID: "evt_1", Secrets: []string{"hunter2"}, PrivateKey: "hunter2",
		Headers: map[string]string{"Authorization": "hunter2"}, Body: []byte("hunter2"),
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "request", r)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %v", r, r, r, r, &r), log.String()} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "evt_1") {
			t.Error(text)
		}
	}
}
