package callback_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/callback"
)

func TestHeadersOfAnEndpointAreChecked(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 21 {
		many[fmt.Sprintf("X-%d", i)] = "v"
	}
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    string // pointers and codes
	}{
		{"none", nil, ""},
		{"usual ones", map[string]string{"Authorization": "Bearer a.b~c", "X-Tenant": "7", "traceparent": "00-0-0-00", "Cookie": "a=b; c=d"}, ""},
		{"longest", map[string]string{"X-A": strings.Repeat("v", 1024)}, ""},
		{"value too long", map[string]string{"X-A": strings.Repeat("v", 1025)}, "/headers/X-A max_length"},
		{"name too long", map[string]string{"X-" + strings.Repeat("a", 99): "v"}, "/headers/X-" + strings.Repeat("a", 98) + " max_length"},
		{"too many", many, "/headers max_properties"},
		{"no name", map[string]string{"": "v"}, "/headers/ header_name"},
		{"no token", map[string]string{"a b": "v", "a/b": "v", "ä": "v", "a:": "v", "a,": "v"}, "/headers/a b header_name, /headers/a, header_name, /headers/a~1b header_name, /headers/a: header_name, /headers/ä header_name"},
		{"twice", map[string]string{"X-A": "v", "x-a": "w"}, "/headers/x-a unique"},
		{"empty", map[string]string{"X-A": ""}, "/headers/X-A blank"},
		{"blank at an end", map[string]string{"X-A": "v ", "X-B": " v"}, "/headers/X-A blank, /headers/X-B blank"},
		{"smuggled line", map[string]string{"X-A": "v\r\nHost: x"}, "/headers/X-A header_value"},
		{"no ASCII", map[string]string{"X-A": "é"}, "/headers/X-A header_value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range callback.CheckHeaders(c.headers) {
				got = append(got, f.Pointer+" "+f.Code)
				if f.Detail == "" || f.Fix == "" {
					t.Errorf("%+v", f)
				}
			}
			compare(t, strings.Join(got, ", "), c.want)
		})
	}
}

func reservedHeaders() []string {
	return []string{
		"Content-Type", "content-length", "HOST", "User-Agent", "Connection", "Transfer-Encoding", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect",
		"Proxy-Authorization", "Idempotency-Key", "Accept-Encoding", "Webhook-Id", "webhook-anything", "X-Signature", "x-signature-previous", "Signature",
		"X-Acme-Signature", "X-Acme-Signature-Previous", "X-Finora-Signature", "X-SandPay-Event", "x-sandpay-signature", "X-Hub-Signature",
	}
}

func TestHeadersThatAreOursAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range reservedHeaders() {
		if faults := callback.CheckHeaders(map[string]string{name: "v"}); len(faults) != 1 || faults[0].Code != "reserved" {
			t.Errorf("%s: %+v", name, faults)
		}
	}
}

func FuzzCheckHeaders(f *testing.F) {
	f.Add("X-A", "v")
	f.Add("Webhook-Id", "a\r\nb")
	f.Fuzz(func(t *testing.T, name, value string) {
		faults := callback.CheckHeaders(map[string]string{name: value})
		if len(faults) == 0 && (strings.ContainsAny(name+value, "\r\n\x00") || strings.Contains(name, " ") || name == "" || len(value) > 1024) {
			t.Errorf("%q: %q passes", name, value)
		}
	})
}
