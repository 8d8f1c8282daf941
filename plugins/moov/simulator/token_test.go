package simulator_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/moov/simulator"
	"github.com/afara-dev/afara/plugins/simnet"
)

// tokenOf is written a second time here: the connector's must open the same door.
func tokenOf(t testing.TB, plain, key string) string {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	raw := append([]byte(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(raw, raw)
	return base64.StdEncoding.EncodeToString(raw)
}

func (b *bench) token(t testing.TB) string {
	t.Helper()
	return tokenOf(t, "0:"+b.us.Username+":"+b.us.Password, b.us.EncryptionKey)
}

func TestOnlyTheRightTokenOpens(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{}, simnet.Settings{})
	good := b.token(t)
	for name, token := range map[string]string{
		"none":           "",
		"no base64":      "%%%",
		"half a block":   base64.StdEncoding.EncodeToString([]byte("12345678")),
		"another key":    tokenOf(t, "0:"+b.us.Username+":"+b.us.Password, strings.Repeat("k", 32)),
		"another secret": tokenOf(t, "0:"+b.us.Username+":wrong", b.us.EncryptionKey),
		"another user":   tokenOf(t, "0:nobody:"+b.us.Password, b.us.EncryptionKey),
		"no zero":        tokenOf(t, "1:"+b.us.Username+":"+b.us.Password, b.us.EncryptionKey),
		"no colons":      tokenOf(t, "0", b.us.EncryptionKey),
	} {
		b.Want(t, 200, "<status>98</status>", "POST", endpoint, envelope("getBalance", "<token>"+token+"</token><request><msisdn>1</msisdn></request>"))
		if token == good {
			t.Errorf("%s is the right one", name)
		}
	}
	b.Want(t, 200, "<status>4</status>", "POST", endpoint, envelope("getBalance", "<token>"+good+"</token><request><msisdn>1</msisdn></request>"))
}

func TestARestartedSimulatorKnowsItsMerchantsAgain(t *testing.T) {
	t.Parallel()
	before := setup(t, simulator.Options{Secret: []byte("one")}, simnet.Settings{})
	after := setup(t, simulator.Options{Secret: []byte("one")}, simnet.Settings{})
	after.us = before.us
	own := "<request><msisdn>" + before.us.MerchantNumber[1:] + "</msisdn></request>"
	if got := after.call(t, "getBalance", own); got["status"] != "0" || got["balance"] != "100000000" {
		t.Errorf("%v", got)
	}
	other := setup(t, simulator.Options{Secret: []byte("two")}, simnet.Settings{})
	other.us = before.us
	if got := other.call(t, "getBalance", own); got["status"] != "98" {
		t.Errorf("%v", got)
	}
}
