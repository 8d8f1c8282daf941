package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/schemas"
)

func split(body string) (environment string, invoice []byte, err error) {
	return httpapi.Split([]byte(body), "environmentId", "invoice")
}

const anEnvironment = "env_01J0000000000000000000000A"

func TestTheInvoiceIsCutOutByteForByte(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"invoice":{}}`: `{}`,
		"\t{ \"invoice\" :\n[1, \"]}\\\"\" , {\"a\":\"\\\\\"}]\r\n}\n": "[1, \"]}\\\"\" , {\"a\":\"\\\\\"}]",
		`{"\u0069nvoice":-1.50e3}`:                                     `-1.50e3`,
		`{"environmentId":"` + anEnvironment + `","invoice":"x"}`:      `"x"`,
		`{"invoice":null,"environmentId":"` + anEnvironment + `"}`:     `null`,
	} {
		_, got, err := split(body)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", body, got, err, want)
		}
	}
	if env, _, err := split(`{"environmentId":"` + anEnvironment + `","invoice":1}`); env != anEnvironment || err != nil {
		t.Errorf("environment %q, %v", env, err)
	}
}

func TestFaultsOfTheBodyAreNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		``:                                  {"malformed_body", " empty"},
		` `:                                 {"malformed_body", " empty"},
		`[]`:                                {"malformed_body", " not_json"},
		`{"invoice":{}} x`:                  {"malformed_body", " not_json"},
		`{"invoice":{},}`:                   {"malformed_body", " not_json"},
		`{"invoice" {}}`:                    {"malformed_body", " not_json"},
		`{"environmentId":,}`:               {"malformed_body", " not_json"},
		`{invoice:{}}`:                      {"malformed_body", " not_json"},
		`{"invoice":{},"invoice":{}}`:       {"malformed_body", "/invoice duplicate_key"},
		`{"invoice":1,"\u0069nvoice":2}`:    {"malformed_body", "/invoice duplicate_key"},
		`{"invoice":{"a":[1}}`:              {"malformed_invoice", "/invoice/a/0 not_json"},
		`{"invoice":{"a":"b`:                {"malformed_invoice", "/invoice/a not_json"},
		`{}`:                                {"invalid_body", "/invoice required"},
		`{"a/b":1,"~":2,"environmentId":7}`: {"invalid_body", "/a~1b unknown_member", "/environmentId type", "/invoice required", "/~0 unknown_member"},
		`{"invoice":1,"environmentId":"e"}`: {"invalid_body", "/environmentId type"},
	} {
		_, _, err := split(body)
		var e *domain.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", body, err)
			continue
		}
		got := []string{e.Code}
		for _, f := range e.Fields {
			got = append(got, f.Pointer+" "+f.Code)
			if f.Detail == "" || f.Fix == "" {
				t.Errorf("%s: a person cannot act on %+v", body, f)
			}
		}
		slices.Sort(got[1:])
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestADeepInvoiceIsRefusedWithoutItsDepth(t *testing.T) {
	t.Parallel()
	_, _, err := split(`{"invoice":` + strings.Repeat("[", 500_000))
	var e *domain.Error
	if !errors.As(err, &e) || e.Fields[0].Code != "too_deep" {
		t.Errorf("%v", err)
	}
}

func TestABodyOfFaultsIsNotAnsweredInKind(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `"%d-%s":0,`, i, strings.Repeat("x", 100))
	}
	_, _, err := split("{" + b.String() + `"invoice":1}`)
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) != schemas.MaxViolations || e.Extra["moreErrors"] != 4900 || len(e.Fields[0].Pointer) > 80 {
		t.Errorf("%v", err)
	}
}

// FuzzSplit holds the splitter against encoding/json: what it cuts out of a
// well-formed body is what the decoder finds there, and it refuses a
// well-formed object only for its members.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{"invoice":{"a":[1,"}"]}}`, `{"environmentId":"x","invoice":1}`, `{"invoice":tru}`, `{"invoice":"\ud800"}`,
		`{"a":{},"invoice":[]}`, `{"invoice":{}`, "{\"invoice\":\"\x00\"}", `{"":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > schemas.MaxBytes {
			return
		}
		_, got, err := httpapi.Split(bytes.Clone(body), "environmentId", "invoice")
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil || want == nil {
			if err == nil && json.Valid(got) && json.Valid(body) {
				t.Fatalf("cut %q out of %q, which is no object", got, body)
			}
			return
		}
		switch {
		case err == nil && !bytes.Equal(bytes.TrimSpace(want["invoice"]), got):
			t.Fatalf("cut %q out of %q", got, body)
		case err != nil && !refusable(err):
			t.Fatalf("refused %q: %v", body, err)
		}
	})
}

// refusable: the reasons to refuse a well-formed object.
func refusable(err error) bool {
	var e *domain.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, f := range e.Fields {
		switch f.Code {
		case "duplicate_key", "unknown_member", "required", "type", "too_deep":
		default:
			return false
		}
	}
	return len(e.Fields) > 0
}
