package cfb_test

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/internal/cfb"
)

// The CFB128-AES256 example of NIST SP 800-38A, F.3.17.
const (
	key    = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	iv     = "000102030405060708090a0b0c0d0e0f"
	plain  = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef"
	sealed = "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407bdf10132415e54b92a13ed0a8267ae2f9"
)

func TestTheStandardsVectorOpens(t *testing.T) {
	t.Parallel()
	for _, size := range []int{48, 33, 5} { // whole blocks, and not
		got, err := cfb.Decrypt(bytesOf(t, key), iv, base64.URLEncoding.EncodeToString(bytesOf(t, sealed)[:size]))
		if err != nil || hex.EncodeToString(got) != plain[:2*size] {
			t.Errorf("%d bytes: %x, %v", size, got, err)
		}
	}
}

func TestWhatIsNoDownloadIsRefused(t *testing.T) {
	t.Parallel()
	good := base64.URLEncoding.EncodeToString([]byte("x"))
	for name, c := range map[string]struct {
		key      []byte
		iv, data string
	}{
		"short vector": {make([]byte, 32), "00", good},
		"no hex":       {make([]byte, 32), "zz0102030405060708090a0b0c0d0e0f", good},
		"no base64":    {make([]byte, 32), iv, "*"},
		"short key":    {make([]byte, 16), iv, good},
	} {
		if _, err := cfb.Decrypt(c.key, c.iv, c.data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add(iv, "AAAA")
	f.Fuzz(func(t *testing.T, iv, data string) {
		_, _ = cfb.Decrypt(make([]byte, 32), iv, data) // must not panic
	})
}

func bytesOf(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
