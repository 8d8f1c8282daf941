package main

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		value   any
		pointer string
	}{
		"no country":        {"country", nil, "/country"},
		"another country":   {"country", "GH", "/country"},
		"no environment":    {"country", "TG", "/targetEnvironment"},
		"user of version 1": {"apiUser", "0f8fad5b-d9cb-169f-a165-70867728950e", "/apiUser"},
		"half a pair":       {"disbursementApiUser", other, "/disbursementApiKey"},
		"too patient":       {"timeout", "55s", "/timeout"},
		"no duration":       {"timeout", "soon", "/timeout"},
		"address with user": {"baseUrl", "http://a:b@127.0.0.1/", ""},
	} {
		b := setup(t)
		b.Set(c.setting, c.value)
		failure := b.Check(t)
		if failure.GetClass() != classMisconfigured {
			t.Errorf("%s: %v", name, failure)
			continue
		}
		var at []string
		for _, f := range failure.GetFields() {
			at = append(at, f.GetPointer())
		}
		if !strings.Contains(strings.Join(at, " "), c.pointer) {
			t.Errorf("%s: faults at %v, want %s", name, at, c.pointer)
		}
	}
}

func TestEachProductMayHaveAnAPIUserOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second, err := b.mtn.Provision("CI", "")
	if err != nil {
		t.Fatal(err)
	}
	b.Set("disbursementApiUser", second.APIUser)
	b.Set("disbursementApiKey", second.APIKey)
	if failure := b.Check(t); failure != nil {
		t.Fatal(failure)
	}
	b.Want(t, "mtn.put_float", map[string]int{"balance": 499}, `{}`)
	b.Want(t, schemas.OpPaymentDisburse, payment(), pending)
	b.net.Pass(2e9)
	if found := b.find(t, schemas.OpPaymentDisburse, reference); found.Status != schemas.PaymentInsufficientFunds {
		t.Errorf("%+v", found)
	}
	b.Set("disbursementApiKey", "wrong")
	if failure := b.Check(t); failure.GetClass() != classUnauthorized {
		t.Errorf("check: %v", failure)
	}
}
