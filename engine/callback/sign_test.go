package callback_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
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
	h := http.Header{}
	if err := callback.Sign(h, secrets, vectorID, vectorTime(), []byte(vectorBody)); err != nil {
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
		err := callback.Sign(h, []string{s}, vectorID, vectorTime(), nil)
		if err == nil || len(h) != 0 || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg") {
			t.Errorf("%q: %v, %v", s, err, h)
		}
	}
	for _, id := range []string{"", "a.b", "a b", "a\r\nb"} {
		if err := callback.Sign(http.Header{}, []string{vectorSecret}, id, vectorTime(), nil); err == nil {
			t.Errorf("id %q was accepted", id)
		}
	}
	if err := callback.Sign(http.Header{}, nil, vectorID, vectorTime(), nil); err == nil {
		t.Error("signed without a secret")
	}
}
