package qr_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/firs/internal/qr"
)

type bundle struct {
	private     *rsa.PrivateKey
	pem         string
	certificate string
}

func newBundle(t *testing.T, bits int) bundle {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(make([]byte, 32))
	return bundle{
		private:     key,
		pem:         string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		certificate: base64.StdEncoding.EncodeToString([]byte(secret)),
	}
}

func (b bundle) json() string {
	raw, _ := json.Marshal(map[string]string{
		"public_key": base64.StdEncoding.EncodeToString([]byte(b.pem)), "certificate": b.certificate,
	})
	return string(raw)
}

func TestAStampOpensWithTheAuthoritysKey(t *testing.T) {
	t.Parallel()
	b := newBundle(t, 2048)
	for form, file := range map[string]string{"json": b.json(), "pem and line": b.pem + "\n" + b.certificate + "\n"} {
		keys, err := qr.ParseFile(file)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		irn := strings.Repeat("A", 32) + "-59854B81-20261123" // the longest
		text, err := keys.Stamp(irn, time.Unix(1750000000, 0))
		if err != nil || len(text) != 344 || !strings.HasSuffix(text, "==") {
			t.Fatalf("%s: %d characters, %v", form, len(text), err)
		}
		sealed, _ := base64.StdEncoding.DecodeString(text)
		//lint:ignore SA1019 the padding under test
		plain, err := rsa.DecryptPKCS1v15(nil, b.private, sealed)
		want := `{"irn":"` + irn + `.1750000000","certificate":"` + b.certificate + `"}`
		if err != nil || string(plain) != want {
			t.Errorf("%s: %s, %v; want %s", form, plain, err, want)
		}
	}
}

func TestKeysThatAreNotTheAuthoritysAreRefused(t *testing.T) {
	t.Parallel()
	good, small := newBundle(t, 2048), newBundle(t, 1024)
	for name, file := range map[string]string{
		"empty":             "",
		"no keys":           "hello",
		"broken json":       `{"public_key":`,
		"no public key":     `{"certificate":"` + good.certificate + `"}`,
		"no certificate":    good.pem,
		"short certificate": good.pem + "\nQUJD",
		"small key":         small.json(),
		"private block":     strings.ReplaceAll(good.pem, "PUBLIC KEY", "PRIVATE KEY") + "x",
	} {
		if _, err := qr.ParseFile(file); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), good.certificate) {
			t.Errorf("%s: the error shows the certificate: %v", name, err)
		}
	}
	if _, err := (qr.Keys{}).Stamp("A-59854B81-20261123", time.Unix(1, 0)); err == nil {
		t.Error("a stamp without keys")
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(`{"public_key":"QUJD","certificate":"QUJD"}`)
	f.Add("-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----\nQUJD")
	f.Fuzz(func(t *testing.T, text string) {
		if keys, err := qr.ParseFile(text); err == nil && len(keys.DownloadKey()) != 32 {
			t.Fatal("keys without a download key")
		}
	})
}
