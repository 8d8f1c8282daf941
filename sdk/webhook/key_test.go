package webhook_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// The vector of the Standard Webhooks libraries for ed25519.
const (
	vectorSeed         = "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
	vectorPrivate      = "whsk_" + vectorSeed
	vectorKeySignature = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
)

func public(t *testing.T, private string) string {
	t.Helper()
	key, err := webhook.PublicKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signedWithKey(t *testing.T) http.Header {
	t.Helper()
	h := make(http.Header)
	s := webhook.Signer{Secrets: []string{vectorSecret}, PrivateKey: vectorPrivate}
	if err := s.SetHeaders(h, vectorID, vectorTime(), []byte(vectorBody)); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSignKeyGivesThePublicVector(t *testing.T) {
	t.Parallel()
	seed, err := base64.StdEncoding.DecodeString(vectorSeed)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(public(t, vectorPrivate), "whpk_"))
	if err != nil {
		t.Fatal(err)
	}
	both := "whsk_" + base64.StdEncoding.EncodeToString(append(seed, pub...))
	for _, private := range []string{vectorPrivate, strings.TrimRight(vectorPrivate, "="), both} {
		got, err := webhook.SignKey(private, vectorID, vectorTime(), []byte(vectorBody))
		if err != nil || got != vectorKeySignature {
			t.Errorf("%s: %q, %v", private, got, err)
		}
	}
}

func TestSignerListsSecretsAndThenTheKey(t *testing.T) {
	t.Parallel()
	h := signedWithKey(t)
	if got, want := h.Get("webhook-signature"), vectorSignature+" "+vectorKeySignature; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(h) != 3 {
		t.Errorf("more than the Standard Webhooks headers: %v", h)
	}
}

func TestVerifierTakesASecretOrAKey(t *testing.T) {
	t.Parallel()
	_, other := webhook.NewKeyPair()
	right, wrong := public(t, vectorPrivate), webhook.NewSecret()
	for _, c := range []struct {
		name          string
		secrets, keys []string
		change        func(http.Header)
		want          error
	}{
		{name: "key alone", keys: []string{right}},
		{name: "key is replaced", keys: []string{other, right}},
		{name: "another secret, right key", secrets: []string{wrong}, keys: []string{right}},
		{name: "right secret, another key", secrets: []string{vectorSecret}, keys: []string{other}},
		{name: "another key", keys: []string{other}, want: webhook.ErrSignature},
		{name: "bad key", keys: []string{"whpk_c2hvcnQ="}, want: webhook.ErrPublicKey},
		{name: "a secret is no key", keys: []string{vectorSecret}, want: webhook.ErrPublicKey},
		{name: "neither", want: webhook.ErrNoSecret},
		{name: "symmetric only", keys: []string{right}, change: set("Webhook-Signature", vectorSignature), want: webhook.ErrSignature},
		{name: "key alone in the list", keys: []string{right}, change: set("Webhook-Signature", vectorKeySignature)},
		{name: "key's under v1", keys: []string{right}, change: set("Webhook-Signature", "v1,"+vectorKeySignature[4:]), want: webhook.ErrSignature},
		{name: "cut", keys: []string{right}, change: set("Webhook-Signature", vectorKeySignature[:20]), want: webhook.ErrSignature},
		{name: "altered id", keys: []string{right}, change: set("Webhook-Id", "msg_other"), want: webhook.ErrSignature},
		{name: "altered time", keys: []string{right}, change: set("Webhook-Timestamp", "1614265331"), want: webhook.ErrSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := signedWithKey(t)
			if c.change != nil {
				c.change(h)
			}
			err := webhook.Verifier{Secrets: c.secrets, PublicKeys: c.keys, Now: vectorTime}.Verify(h, []byte(vectorBody))
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestPrivateKeysAreChecked(t *testing.T) {
	t.Parallel()
	for _, private := range []string{
		"", vectorSeed, "whsk_", "whsk_!!!!", "whsk_c2hvcnQ=", strings.Replace(vectorPrivate, "whsk_", "whsec_", 1),
		"whsk_" + base64.StdEncoding.EncodeToString(make([]byte, 64)), // seed and public key that do not belong together
	} {
		_, err := webhook.SignKey(private, vectorID, vectorTime(), nil)
		if !errors.Is(err, webhook.ErrPrivateKey) {
			t.Errorf("%q: %v", private, err)
		}
		if _, err := webhook.PublicKey(private); !errors.Is(err, webhook.ErrPrivateKey) {
			t.Errorf("public key of %q: %v", private, err)
		}
		h := make(http.Header)
		if err := (webhook.Signer{Secrets: []string{vectorSecret}, PrivateKey: private}).SetHeaders(h, vectorID, vectorTime(), nil); private != "" && (err == nil || len(h) > 0) {
			t.Errorf("signer with %q: %v, %v", private, err, h)
		}
	}
	if _, err := webhook.SignKey(vectorPrivate, "a.b", vectorTime(), nil); err == nil {
		t.Error("an id with a dot is signed")
	}
}

func TestNewKeyPairsBelongTogether(t *testing.T) {
	t.Parallel()
	private, public := webhook.NewKeyPair()
	if again, err := webhook.PublicKey(private); err != nil || again != public {
		t.Errorf("%v, %v", again, err)
	}
	if other, _ := webhook.NewKeyPair(); other == private {
		t.Error("two new keys are the same")
	}
	h := make(http.Header)
	s := webhook.Signer{Secrets: []string{webhook.NewSecret()}, PrivateKey: private}
	if err := s.SetHeaders(h, "evt_1", time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	if err := (webhook.Verifier{PublicKeys: []string{public}}).Verify(h, nil); err != nil {
		t.Error(err)
	}
}

// FuzzVerifyOfStrangers holds that headers that a stranger writes never verify and never
// panic.
func FuzzVerifyOfStrangers(f *testing.F) {
	f.Add(vectorID, "1614265330", "v1,AAAA v1a,AAAA", vectorBody)
	f.Add("", "-1", "v1,", "")
	_, key := webhook.NewKeyPair()
	v := webhook.Verifier{Secrets: []string{webhook.NewSecret()}, PublicKeys: []string{key}, Now: vectorTime}
	f.Fuzz(func(t *testing.T, id, at, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {signature}, "X-Finora-Signature": {signature}}
		if v.Verify(h, []byte(body)) == nil || webhook.VerifyBodyHeader(v.Secrets, h, webhook.HeaderFinora, []byte(body)) == nil {
			t.Errorf("%q verifies", signature)
		}
	})
}
