package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/secret"
)

func masterKey(fill byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, secret.KeySize))
}

func parse(t *testing.T, text string) *secret.Keyring {
	t.Helper()
	k, err := secret.ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t *testing.T, k *secret.Keyring, plain, aad string) string {
	t.Helper()
	sealed, err := k.Seal([]byte(plain), aad)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	k := parse(t, masterKey(1))
	sealed := seal(t, k, "whsec_x", "environment/env_1/signing_secret")
	plain, err := k.Open(sealed, "environment/env_1/signing_secret")
	if err != nil || string(plain) != "whsec_x" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := k.Open(sealed, "environment/env_2/signing_secret"); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("opened in another place: %v", err)
	}
	if strings.Contains(sealed, "whsec_x") || sealed == seal(t, k, "whsec_x", "environment/env_1/signing_secret") {
		t.Error("the sealed form shows the value, or two seals are equal")
	}
}

func TestEmptyValueSealsToo(t *testing.T) {
	t.Parallel()
	k := parse(t, masterKey(1))
	if plain, err := k.Open(seal(t, k, "", "a"), "a"); err != nil || len(plain) != 0 {
		t.Errorf("%q, %v", plain, err)
	}
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	t.Parallel()
	k := parse(t, masterKey(1))
	sealed := []byte(seal(t, k, "value", "a"))
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if plain, err := k.Open(string(changed), "a"); err == nil {
			t.Errorf("byte %d changed and it opened to %q", i, plain)
		}
		if _, err := k.Open(string(sealed[:i]), "a"); err == nil {
			t.Errorf("cut at %d and it opened", i)
		}
	}
}

func TestRotationSealsUnderTheFirstKeyAndOpensAll(t *testing.T) {
	t.Parallel()
	old := parse(t, masterKey(1))
	sealed := seal(t, old, "value", "a")
	both := parse(t, "k2:"+masterKey(2)+", "+secret.DefaultKeyID+":"+masterKey(1))
	if plain, err := both.Open(sealed, "a"); err != nil || string(plain) != "value" {
		t.Errorf("old value after rotation: %q, %v", plain, err)
	}
	if id, err := secret.KeyOf(seal(t, both, "value", "a")); err != nil || id != "k2" || both.Current() != "k2" {
		t.Errorf("sealed under %q, %v", id, err)
	}
	if _, err := parse(t, "k2:"+masterKey(2)).Open(sealed, "a"); !errors.Is(err, secret.ErrUnknownKey) || !strings.Contains(err.Error(), secret.DefaultKeyID) {
		t.Errorf("without the old key: %v", err)
	}
}

func TestCheckValueTellsKeysApartAndRevealsNothing(t *testing.T) {
	t.Parallel()
	a, b := parse(t, masterKey(1)), parse(t, "x:"+masterKey(1)+",y:"+masterKey(2))
	if a.CheckValue(secret.DefaultKeyID) != b.CheckValue("x") {
		t.Error("one key has two check values")
	}
	if b.CheckValue("x") == b.CheckValue("y") {
		t.Error("two keys have one check value")
	}
	if a.CheckValue("nobody") != "" || len(a.CheckValue(secret.DefaultKeyID)) != 32 {
		t.Errorf("check values %q and %q", a.CheckValue("nobody"), a.CheckValue(secret.DefaultKeyID))
	}
	if !slices.Equal(b.IDs(), []string{"x", "y"}) {
		t.Errorf("ids %v", b.IDs())
	}
}

func TestBadMasterKeysAreRefusedWithoutEcho(t *testing.T) {
	t.Parallel()
	long := base64.StdEncoding.EncodeToString(make([]byte, 33))
	for name, text := range map[string]string{
		"empty": "", "blank": "  ", "not base64": "hunter2!", "short": "aHVudGVyMg==", "long": long,
		"unknown id characters": "Hunter2:" + masterKey(1), "id too long": strings.Repeat("a", 33) + ":" + masterKey(1),
		"empty id": ":" + masterKey(1), "twice": "a:" + masterKey(1) + ",a:" + masterKey(2),
		"stray comma": masterKey(1) + ",", "url alphabet": strings.Repeat("_", 43) + "=",
	} {
		_, err := secret.ParseKeyring(text)
		if err == nil {
			t.Errorf("%s was accepted", name)
			continue
		}
		if strings.Contains(strings.ToLower(err.Error()), "hunter2") || strings.Contains(err.Error(), masterKey(1)) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

// What an earlier start stored under masterKey(1): the value "v" in place "a",
// and the check value of that key.
const (
	stored      = "s1:default:cB7VBYBnyuqN0nLttrVefVHoCCXRPGouL4ZcmTQ"
	storedCheck = "15a9f6d4f6d6dbd42605f3ea670a40a8"
)

func TestStoredFormsStayReadable(t *testing.T) {
	t.Parallel()
	k := parse(t, masterKey(1))
	if plain, err := k.Open(stored, "a"); err != nil || string(plain) != "v" {
		t.Errorf("%q, %v", plain, err)
	}
	if got := k.CheckValue(secret.DefaultKeyID); got != storedCheck {
		t.Errorf("check value %s", got)
	}
}

func FuzzOpen(f *testing.F) {
	k, err := secret.ParseKeyring(masterKey(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Add("s1:default:")
	f.Add("s1::AAAA")
	f.Fuzz(func(t *testing.T, sealed string) {
		plain, err := k.Open(sealed, "a")
		if err == nil && sealed != stored {
			t.Errorf("%q opened to %q", sealed, plain)
		}
	})
}

func FuzzParseKeyring(f *testing.F) {
	f.Add(masterKey(1))
	f.Add("a:" + masterKey(1) + ",b:" + masterKey(2))
	f.Add("::,")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := secret.ParseKeyring(text)
		if err != nil {
			return
		}
		for _, id := range k.IDs() {
			if k.CheckValue(id) == "" {
				t.Errorf("%q has no check value", id)
			}
		}
	})
}
