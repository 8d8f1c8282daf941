package sdk_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"nothing secret", `{"a": [1, "b"], "status":"ok"}`, `{"a": [1, "b"], "status":"ok"}`},
		{"text", `{ "password" : "x", "b":1}`, `{ "password":"[redacted]", "b":1}`},
		{"number", `{"pin":1234,"spin":5}`, `{"pin":"[redacted]","spin":5}`},
		{"object and list", `{"accessToken":{"v":["x"]},"apiKeys":["y"],"c":2}`, `{"accessToken":"[redacted]","apiKeys":"[redacted]","c":2}`},
		{"deep", `[{"a":{"client_secret":null}}]`, `[{"a":{"client_secret":"[redacted]"}}]`},
		{"a value named like one", `{"a":"password","b":"token"}`, `{"a":"password","b":"token"}`},
		{"escaped name", `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"[redacted]"}`},
		{"repeated name", `{"token":"x","token":"y"}`, `{"token":"[redacted]","token":"[redacted]"}`},
		{"given value", `{"a":"is given-value here"}`, `{"a":"is [redacted] here"}`},
		{"given value, escaped", `{"a":"is with\"quote here"}`, `{"a":"is [redacted] here"}`},
		{"cut document", `{"a":1,"password":"abc`, `{"a":1,"password":[redacted]`},
		{"form", `user=u&client_secret=abc&x=1`, `user=u&client_secret=[redacted]&x=1`},
		{"header", "Authorization: Bearer abc.def\nX: y", "Authorization: [redacted]\nX: y"},
		{"empty", ``, ``},
		{"page", `<html>Bad gateway</html>`, `<html>Bad gateway</html>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(sdk.Redact([]byte(c.in), "given-value", `with"quote`, "")); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A document in which no name can be a secret's is not read name by name: none of
// the forms that a secret's name has may look like such a one.
func TestRedactKnowsEveryFormOfASecretName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"password", "PassWd", "PASSPHRASE", "clientSecret", "Token", "to\u212Aen", "api-key", "API_KEY", "apikey", "Authorization", "privateKey", "PRIVATE-KEY",
		"private_key", "credentials", "Cookie", "set-cookie", "Signature", "\u017Figgnature_\u017Fecret", "pin", "OTP", "Cvv", `p\u0049n`, `\u0063vv`, `A\u0070i_key`,
	} {
		if got := string(sdk.Redact([]byte(`{"a":"ä","n":{"` + name + `":"hidden"}}`))); strings.Contains(got, "hidden") {
			t.Errorf("with an umlaut: %s", got)
		}
		if got := string(sdk.Redact([]byte(`{"n":{"` + name + `":"hidden"}}`))); strings.Contains(got, "hidden") {
			t.Errorf("%s", got)
		}
	}
}

// FuzzRedact looks for documents that redaction breaks or that keep a secret.
func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"password":"x","a":[{"token":{"b":1}}]}`))
	f.Add([]byte(`{"a":1,"password":"abc`))
	f.Add([]byte(`[[],{},"token"]`))
	f.Add([]byte("\xff{"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := sdk.Redact(in, "planted-canary")
		if bytes.Contains(out, []byte("planted-canary")) {
			t.Errorf("%q keeps a secret: %q", in, out)
		}
		if json.Valid(in) && !json.Valid(out) {
			t.Errorf("%q becomes invalid: %q", in, out)
		}
		if !json.Valid(in) {
			return
		}
		doc := []byte(`{"outer":` + string(in) + `,"token":"planted-in-token"}`)
		if s := string(sdk.Redact(doc)); strings.Contains(s, "planted-in-token") {
			t.Errorf("%s keeps the token: %s", doc, s)
		}
	})
}
