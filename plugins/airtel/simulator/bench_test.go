package simulator_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+250730123456"

// bench is a simulator with a client of it.
type bench struct {
	*simulator.Simulator
	net    *simnet.Network
	url    string
	client *http.Client // of this server alone: another one that closes breaks no request of it
	us     simulator.Account

	mu sync.Mutex
	at time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.at = b.at.Add(d)
	b.mu.Unlock()
	b.net.Tick()
}

func setup(t testing.TB, o simulator.Options) *bench {
	t.Helper()
	b := &bench{at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.net = simnet.New(simnet.Options{Now: b.now})
	o.Network, o.Now = b.net, b.now
	var err error
	if b.Simulator, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b)
	b.url, b.client = server.URL, server.Client()
	t.Cleanup(func() {
		_ = b.net.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	if b.us, err = b.Provision("RW", "", false); err != nil {
		t.Fatal(err)
	}
	if err := b.net.PutSIM(simnet.SIM{Operator: "airtel", Number: ada, Country: "RW", Currency: "RWF", Balance: 10_000, Name: "Ada Lovelace"}); err != nil {
		t.Fatal(err)
	}
	return b
}

type header map[string]string

// ask sends one request; an empty value takes a header out.
func (b *bench) ask(t testing.TB, method, path, body string, headers ...header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		for name, value := range h {
			r.Header.Set(name, value)
			if value == "" {
				r.Header.Del(name)
			}
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(bytes.TrimSpace(raw))
}

func (b *bench) want(t testing.TB, status int, says, method, path, body string, headers ...header) string {
	t.Helper()
	got, said := b.ask(t, method, path, body, headers...)
	if got != status || !strings.Contains(said, says) {
		t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, said, status, says)
	}
	return said
}

func login(id, secret string) string {
	return `{"client_id":"` + id + `","client_secret":"` + secret + `","grant_type":"client_credentials"}`
}

// login gives the headers of all calls.
func (b *bench) login(t testing.TB) header {
	t.Helper()
	said := b.want(t, 200, `"expires_in":180`, "POST", "/auth/oauth2/token", login(b.us.ClientID, b.us.ClientSecret))
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(said), &granted); err != nil {
		t.Fatal(err)
	}
	return header{"Authorization": "Bearer " + granted.Token, "X-Country": "RW", "X-Currency": "RWF", "Content-Type": "application/json"}
}

const ref1, ref2 = "C01ARZ3NDEKTSV4RRFFQ69G5FAV", "D01ARZ3NDEKTSV4RRFFQ69G5FAV"

func collection(reference, number, amount string) string {
	return `{"reference":"` + reference + `","subscriber":{"country":"RW","currency":"RWF","msisdn":"` + number + `"},` +
		`"transaction":{"amount":` + amount + `,"country":"RW","currency":"RWF","id":"` + reference + `"}}`
}

func payout(reference, number, amount, pin string) string {
	return `{"payee":{"msisdn":"` + number + `"},"reference":"` + reference + `","pin":"` + pin + `",` +
		`"transaction":{"amount":` + amount + `,"id":"` + reference + `"}}`
}

// seal encrypts for the simulator with the key that it publishes.
func (b *bench) seal(t testing.TB, us header, plain string) string {
	t.Helper()
	var answer struct{ Data struct{ Key string } }
	if err := json.Unmarshal([]byte(b.want(t, 200, "DP02010001001", "GET", "/v1/rsa/encryption-keys", "", us)), &answer); err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(answer.Data.Key)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key.(*rsa.PublicKey), []byte(plain), nil)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

// sign makes the headers that sign a body.
func (b *bench) sign(t testing.TB, us header, body string) header {
	t.Helper()
	key, iv := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, aes.BlockSize)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	missing := aes.BlockSize - len(body)%aes.BlockSize
	sealed := append([]byte(body), bytes.Repeat([]byte{byte(missing)}, missing)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	text := base64.StdEncoding.EncodeToString
	return header{"x-signature": text(sealed), "x-key": b.seal(t, us, text(key)+":"+text(iv))}
}
