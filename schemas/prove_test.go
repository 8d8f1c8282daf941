package schemas_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

const testdata = "testdata/v1"

// examples reads the valid documents of one kind.
func examples(t testing.TB, kind string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, "valid", kind, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples of %s: %v", kind, err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = raw
	}
	return out
}

func TestEveryValidInvoiceIsProvedAndKeepsItsBytes(t *testing.T) {
	t.Parallel()
	for name, body := range examples(t, "invoice") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := schemas.Prove(schemas.InvoiceV1, body)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(doc.Body, body) || doc.Digest != schemas.DigestOf(body) || doc.Schema != schemas.InvoiceV1 {
				t.Error("the proof is not about these bytes")
			}
		})
	}
}

func TestEveryInvalidInvoiceIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	cases := schematest.Load(t, filepath.Join(testdata, "invalid", "invoice"))
	valid := examples(t, "invoice")["digitax_sample"]
	for _, c := range append(cases, schematest.Large(valid)...) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			_, err := schemas.Prove(schemas.InvoiceV1, c.Body)
			refusal := refused(t, err)
			if len(c.Body) > 200<<10 || c.Name == "ten_thousand_short_lines" || len(refusal.Violations) == schemas.MaxViolations {
				wantFirst(t, refusal, c.Expect)
				return
			}
			wantFaults(t, refusal.Violations, c.Expect)
		})
	}
}

func refused(t *testing.T, err error) *schemas.ValidationError {
	t.Helper()
	var refusal *schemas.ValidationError
	if !errors.As(err, &refusal) {
		t.Fatalf("want a *ValidationError, got %v", err)
	}
	for _, v := range refusal.Violations {
		if v.Code == "" || len(v.Detail) < 10 || len(v.Fix) < 4 {
			t.Errorf("%s: a person cannot act on %+v", v.Pointer, v)
		}
	}
	return refusal
}

func wantFirst(t *testing.T, refusal *schemas.ValidationError, want []schematest.Fault) {
	t.Helper()
	for _, w := range want {
		if !slices.ContainsFunc(refusal.Violations, func(v schemas.Violation) bool { return v.Pointer == w.Pointer && v.Code == w.Code }) {
			t.Errorf("%s at %q is not among the %d faults, of which the first is %+v", w.Code, w.Pointer, len(refusal.Violations), refusal.Violations[0])
		}
	}
}

func wantFaults(t *testing.T, got []schemas.Violation, want []schematest.Fault) {
	t.Helper()
	have := make([]schematest.Fault, len(got))
	for i, v := range got {
		have[i] = schematest.Fault{Pointer: v.Pointer, Code: v.Code}
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("faults\n got %v\nwant %v\nin full %+v", have, want, got)
	}
}

// same compares JSON by meaning, numbers by value.
func same(t *testing.T, a, b []byte) {
	t.Helper()
	if x, y := meaning(t, a), meaning(t, b); !reflect.DeepEqual(x, y) {
		t.Errorf("not the same by meaning\n a %s\n b %s", a, b)
	}
}

func meaning(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return normal(t, v)
}

func normal(t *testing.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = normal(t, v[k])
		}
	case []any:
		for i := range v {
			v[i] = normal(t, v[i])
		}
	case json.Number:
		d, err := schemas.ParseDecimal(v.String())
		if err != nil {
			t.Fatal(err)
		}
		return json.Number(d.Short().String())
	}
	return v
}

func TestAnInvoiceSurvivesTheGoTypesUnchanged(t *testing.T) {
	t.Parallel()
	for name, body := range examples(t, "invoice") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var inv schemas.Invoice
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(&inv); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(&inv)
			if err != nil {
				t.Fatal(err)
			}
			same(t, body, again)
		})
	}
}
