package simulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
)

func publicKey(t *testing.T, b simulator.Business) *rsa.PublicKey {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(b.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

func stamp(t *testing.T, key *rsa.PublicKey, irn, certificate string) string {
	t.Helper()
	plain, _ := json.Marshal(simulator.Stamp{IRN: irn, Certificate: certificate})
	//lint:ignore SA1019 the authority's padding
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, key, plain)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

func TestAStampIsOpenedAndChecked(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	irn, key := b.irn("A1"), publicKey(t, b.us)
	good := stamp(t, key, irn+".1750000000", b.us.Certificate)
	for _, in := range []simulator.StampCheck{{QR: good, IRN: irn}, {QR: good}} {
		v, err := b.CheckStamp(in)
		if err != nil || v.IRN != irn || v.IssuedAt.Unix() != 1750000000 || v.BusinessID != b.us.BusinessID {
			t.Errorf("%+v: %+v, %v", in, v, err)
		}
	}
	oaep, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, []byte(`{"irn":"x"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]simulator.StampCheck{
		"OAEP":                {QR: base64.StdEncoding.EncodeToString(oaep), IRN: irn},
		"another key":         {QR: stamp(t, publicKey(t, b.buyer), irn+".1", b.us.Certificate), IRN: irn},
		"another certificate": {QR: stamp(t, key, irn+".1", b.buyer.Certificate), IRN: irn},
		"another invoice":     {QR: good, IRN: b.irn("A2")},
		"no time":             {QR: stamp(t, key, "A1", b.us.Certificate)},
		"no base64":           {QR: "!"},
	} {
		if v, err := b.CheckStamp(in); !errors.Is(err, simulator.ErrStamp) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if c := b.Counters(); c.Stamps != 8 || c.StampsOpened != 8 || c.StampsBad != 6 {
		t.Errorf("counters %+v", c)
	}
}

func TestOneStampInNIsOpened(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{QRSample: 3})
	qr := stamp(t, publicKey(t, b.us), b.irn("A1")+".1750000000", b.us.Certificate)
	checked := 0
	for range 7 {
		v, err := b.CheckStamp(simulator.StampCheck{QR: qr, Sample: true})
		if err != nil {
			t.Fatal(err)
		}
		if v.Checked {
			checked++
		}
	}
	if checked != 2 {
		t.Errorf("%d of 7 were opened, want 2", checked)
	}
}
