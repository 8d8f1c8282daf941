package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestBadJSONIsRefusedAtItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, code, pointer string }{
		"empty":                         {"", "empty", ""},
		"blank":                         {" \n", "not_json", ""},
		"half an object":                {`{"a":`, "not_json", "/a"},
		"a comma too many":              {`{"a":1,}`, "not_json", "/a"},
		"a comma too many in a list":    {`[1,]`, "not_json", "/1"},
		"single quotes":                 {`{'a':1}`, "not_json", ""},
		"no colon":                      {`{"a" 1}`, "not_json", "/a"},
		"a word":                        {`{"a":nil}`, "not_json", "/a"},
		"a leading zero":                {`[01]`, "not_json", "/0"},
		"a plus":                        {`[+1]`, "not_json", "/0"},
		"a bare point":                  {`[1.]`, "not_json", "/0"},
		"a bare exponent":               {`[1e]`, "not_json", "/0"},
		"a bare minus":                  {`[-]`, "not_json", "/0"},
		"not a number":                  {`[NaN]`, "not_json", "/0"},
		"a raw line break":              {"[\"a\nb\"]", "not_json", "/0"},
		"a raw control character":       {"[\"a\\\\\x01\"]", "not_json", "/0"},
		"an unknown escape":             {`["\x41"]`, "not_json", "/0"},
		"a short escape":                {`["\u12"]`, "not_json", "/0"},
		"no end of string":              {`["abc`, "not_json", "/0"},
		"no end after an escape":        {`["\n`, "not_json", "/0"},
		"a byte order mark":             {"\ufeff{}", "not_json", ""},
		"bytes that are no UTF-8":       {"[\"\xc3\x28\"]", "bad_utf8", ""},
		"an overlong NUL":               {"[\"\xc0\x80\"]", "bad_utf8", ""},
		"NUL":                           {`["\u0000"]`, "nul_character", "/0"},
		"a high surrogate alone":        {`["\ud800"]`, "bad_unicode", "/0"},
		"a low surrogate alone":         {`["\udc00x"]`, "bad_unicode", "/0"},
		"two high surrogates":           {`["\ud800\ud800"]`, "bad_unicode", "/0"},
		"a second value":                {`{} {}`, "trailing_data", ""},
		"a bracket too many":            {`{}}`, "trailing_data", ""},
		"a number that fills memory":    {`[1e999999999]`, "number_too_long", "/0"},
		"an exponent too long to count": {`[1e99999999999999999999]`, "number_too_long", "/0"},
		"digits and exponent together":  {`[1000000E58]`, "number_too_long", "/0"},
		"a number of a thousand digits": {"[" + strings.Repeat("1", 1000) + "]", "number_too_long", "/0"},
		"a key twice":                   {`{"a":{"b/c~":1,"b/c~":2}}`, "duplicate_key", "/a/b~1c~0"},
		"a key twice, once escaped":     {`{"a":1,"\u0061":2}`, "duplicate_key", "/a"},
		"a key twice, deep in a list":   {`[0,{"a":[{"x":1,"x":1}]}]`, "duplicate_key", "/1/a/0/x"},
		"65 deep":                       {strings.Repeat("[", 65) + strings.Repeat("]", 65), "too_deep", strings.Repeat("/0", 63)},
		"a hundred thousand values":     {"[" + strings.Repeat("0,", 100_000) + "0]", "too_many_values", "/99999"},
		"more than a megabyte":          {strings.Repeat(" ", MaxBytes) + "1", "too_large", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(InvoiceV1, []byte(c.body))
			var refusal *ValidationError
			if !errors.As(err, &refusal) || !refusal.Malformed || len(refusal.Violations) != 1 {
				t.Fatalf("got %#v", err)
			}
			if v := refusal.Violations[0]; v.Code != c.code || v.Pointer != c.pointer || v.Detail == "" || v.Fix == "" {
				t.Errorf("want %s at %q, got %+v", c.code, c.pointer, v)
			}
		})
	}
}

func TestAllRepeatedKeysAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := decode("", []byte(`{"a":1,"a":2,"b":{"c":1,"c":2}}`))
	var refusal *ValidationError
	if !errors.As(err, &refusal) || len(refusal.Violations) != 2 {
		t.Fatalf("got %v", err)
	}
	_, err = decode("", []byte(`{`+strings.Repeat(`"a":1,`, 150)+`"a":1}`))
	if !errors.As(err, &refusal) || len(refusal.Violations) != MaxViolations || refusal.Truncated != 50 {
		t.Errorf("listed %d, truncated %d", len(refusal.Violations), refusal.Truncated)
	}
}

func TestDeepAndLongDocumentsWithinTheLimitsAreRead(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		strings.Repeat(" ", MaxBytes-1) + "1",
		`[1e59, -0, 0.0, 1E-2, "\ud83d\ude00", "\"\\\/\b\f\n\r\t", "é\u00e9"]`,
	} {
		got, err := decode("", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if want := plainDecode(t, []byte(body)); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func plainDecode(t testing.TB, body []byte) any {
	t.Helper()
	v, err := encodingJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// encodingJSON reads one value the way the standard library does.
func encodingJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing data")
	}
	return v, nil
}

// FuzzDecode holds the decoder against the standard library's: what it reads,
// that one reads the same; what it calls no JSON, that one refuses too.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,true,null,"x\n\ud83d\ude00"]}`, `[[],{}]`, ` "é" `, `{"a":1,"a":2}`, `[0`, "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decode("", body)
		want, stdErr := encodingJSON(body)
		if err == nil {
			if stdErr != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: got %v; the standard library %v, %v", body, got, want, stdErr)
			}
			return
		}
		var refusal *ValidationError
		if !errors.As(err, &refusal) || len(refusal.Violations) == 0 {
			t.Fatalf("%q: %v", body, err)
		}
		syntax := refusal.Violations[0].Code == "not_json" || refusal.Violations[0].Code == "trailing_data"
		if syntax && stdErr == nil {
			t.Fatalf("%q is JSON, but %+v", body, refusal.Violations)
		}
	})
}
