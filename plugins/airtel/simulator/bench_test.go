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
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/airtel/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "+250730123456"

// bench is a simulator with a client of it.
type bench struct {
	*simulator.Simulator
	*simnettest.Server
	net *simnettest.Network
	us  simulator.Account
}

func setup(t testing.TB, o simulator.Options) *bench {
	t.Helper()
	b := &bench{net: simnettest.New(t, simnet.Options{})}
	o.Network, o.Now = b.net.Network, b.net.Now
	var err error
	if b.Simulator, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	b.Server = b.net.Serve(t, b)
	if b.us, err = b.Provision("RW", "", false); err != nil {
		t.Fatal(err)
	}
	b.net.Put(t, simnet.SIM{Operator: "airtel", Number: ada, Country: "RW", Currency: "RWF", Balance: 10_000, Name: "Ada Lovelace"})
	return b
}

type header = simnettest.Header

func login(id, secret string) string {
	return `{"client_id":"` + id + `","client_secret":"` + secret + `","grant_type":"client_credentials"}`
}

// login gives the headers of all calls.
func (b *bench) login(t testing.TB) header {
	t.Helper()
	said := b.Want(t, 200, `"expires_in":180`, "POST", "/auth/oauth2/token", login(b.us.ClientID, b.us.ClientSecret))
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
	if err := json.Unmarshal([]byte(b.Want(t, 200, "DP02010001001", "GET", "/v1/rsa/encryption-keys", "", us)), &answer); err != nil {
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
