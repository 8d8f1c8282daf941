package main

import (
	"strings"
	"testing"
)

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting string
		value   any
		dialect string
		pointer string
	}{
		"no country":          {"country", nil, dialectSOAP, "/country"},
		"another country":     {"country", "RW", dialectSOAP, "/country"},
		"another dialect":     {"dialect", "json", dialectSOAP, "/dialect"},
		"no key":              {"encryptionKey", nil, dialectSOAP, "/encryptionKey"},
		"short key":           {"encryptionKey", "tlc12345", dialectSOAP, "/encryptionKey"},
		"no merchant's":       {"merchantNumber", nil, dialectSOAP, "/merchantNumber"},
		"national merchant's": {"merchantNumber", "0195000000", dialectSOAP, "/merchantNumber"},
		"another form":        {"numberForm", "e164", dialectSOAP, "/numberForm"},
		"path with a query":   {"path", "/x?y", dialectSOAP, "/path"},
		"user with a colon":   {"username", "a:b", dialectSOAP, "/username"},
		"no partner":          {"partnerId", nil, dialectREST, "/partnerId"},
		"too patient":         {"timeout", "55s", dialectREST, "/timeout"},
		"no duration":         {"timeout", "soon", dialectSOAP, "/timeout"},
		"address with user":   {"baseUrl", "http://a:b@127.0.0.1/", dialectSOAP, ""},
	} {
		b := setup(t)
		b.Set("dialect", c.dialect)
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

func TestEachDialectNeedsItsOwnSettingsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("partnerId", nil)
	b.Set("dialect", nil) // soap
	if failure := b.Check(t); failure != nil {
		t.Error(failure)
	}
	b = setup(t)
	b.Set("dialect", "rest")
	b.Set("encryptionKey", nil)
	b.Set("merchantNumber", nil)
	if failure := b.Check(t); failure != nil {
		t.Error(failure)
	}
}
