package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheQuickWayAgreesWithTheValidator asks both about every example, valid
// and not, of every schema.
func TestTheQuickWayAgreesWithTheValidator(t *testing.T) {
	t.Parallel()
	var bodies [][]byte
	err := filepath.WalkDir("testdata", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".expect.json") || !strings.HasSuffix(path, ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		bodies = append(bodies, raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, id := range IDs() {
		s, err := lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			value, err := decode(id, body)
			if err != nil {
				continue
			}
			if agree(t, s, value) == yes {
				accepted++
			}
		}
	}
	if accepted < 60 {
		t.Errorf("only %d documents went the quick way", accepted)
	}
}

// agree fails the test when the quick way is sure of something else than the
// validator.
func agree(t *testing.T, s *Schema, value any) verdict {
	t.Helper()
	quick, err := s.quick.accepts(value), s.compiled.Validate(value)
	if quick == yes && err != nil || quick == no && err == nil {
		raw, _ := json.Marshal(value)
		t.Errorf("%s: quick says %d, the validator %v, of %s", s.id, quick, err, raw)
	}
	return quick
}

func TestOurSchemasGoTheQuickWay(t *testing.T) {
	t.Parallel()
	ids := []ID{InvoiceV1, InvoiceViewV1, EventV1, OperationInput(OpInvoiceSign), OperationOutput(OpInvoiceLookup)}
	for _, e := range EventTypes() {
		ids = append(ids, e.Schema)
	}
	for _, id := range ids {
		s, err := lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		if at := unknownNode(s.quick, ""); at != "" {
			t.Errorf("%s has a keyword at %s that the quick way does not know", id, at)
		}
	}
}

func TestASchemaOfOthersGoesTheQuickWayWhereItMeansTheSame(t *testing.T) {
	t.Parallel()
	for raw, quick := range map[string]bool{
		`{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}`:                           true,
		`{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"maxLength":2}}}`: true,
		`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"maxLength":2}}}`:      false,
		`{"properties":{"a":{"$ref":"#"}}}`:                                                             false,
		`{"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"maxLength":2}}}`:                       false,
	} {
		s, err := Compile([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got := unknownNode(s.quick, "") == ""; got != quick {
			t.Errorf("%s: quick is %t", raw, got)
		}
		for _, value := range []any{map[string]any{}, map[string]any{"a": "long"}, map[string]any{"a": json.Number("0")}, "x"} {
			agree(t, s, value)
		}
	}
}

// FuzzAForeignSchemaAgrees holds the quick form of others' schemas against the
// validator.
func FuzzAForeignSchemaAgrees(f *testing.F) {
	for _, schema := range []string{
		`{"type":["object","null"],"required":["a"],"properties":{"a":{"type":"string","minLength":1,"pattern":"\\S"}},"additionalProperties":{"type":"number"},"maxProperties":2}`,
		`{"oneOf":[{"type":"string"},{"const":1}],"not":{"enum":["x"]},"if":{"minimum":3},"then":{"multipleOf":0.5},"else":false}`,
		`{"items":{"format":"date-time"},"prefixItems":[true],"uniqueItems":true,"maxItems":3,"$schema":"http://json-schema.org/draft-04/schema"}`,
		`{"propertyNames":{"maxLength":2},"dependentRequired":{"a":["b"]},"minProperties":1,"exclusiveMinimum":2}`,
	} {
		for _, body := range []string{`{"a":""}`, `{"a":" x","b":1}`, `3`, `3.25`, `[1,"2026-01-31T08:00:00Z"]`, `null`, `"x"`, `1e400`} {
			f.Add([]byte(schema), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, schema, body []byte) {
		s, err := Compile(schema)
		if err != nil {
			return
		}
		if value, err := decode(s.id, body); err == nil {
			agree(t, s, value)
		}
	})
}

func unknownNode(n *quickNode, at string) string {
	if n == nil {
		return ""
	}
	if !n.known {
		return at + "/"
	}
	parts := map[string]*quickNode{"items": n.items, "not": n.not, "if": n.when, "then": n.then, "else": n.orDo, "rest": n.rest, "names": n.names}
	for name, p := range n.properties {
		parts[name] = p
	}
	for _, list := range [][]*quickNode{n.allOf, n.anyOf, n.oneOf} {
		for i, p := range list {
			parts[fmt.Sprintf("%p %d", list, i)] = p
		}
	}
	for name, p := range parts {
		if found := unknownNode(p, at+"/"+name); found != "" {
			return found
		}
	}
	return ""
}

// TestTheQuickWayAgreesAboutSpoiltDocuments changes valid documents at random
// places, one to three at a time.
func TestTheQuickWayAgreesAboutSpoiltDocuments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id   ID
		file string
	}{
		{InvoiceV1, "valid/invoice/every_field.json"},
		{InvoiceV1, "valid/invoice/sample.json"},
		{InvoiceV1, "valid/invoice/credit_note.json"},
		{EventType(EventInvoiceSigned), "valid/events/invoice.signed.json"},
		{EventType(EventPaymentRefunded), "valid/events/payment.refunded.json"},
		{EventType(EventCustomerUpdated), "valid/events/customer.updated.json"},
		{EventType(EventReportGenerated), "valid/events/report.generated.json"},
		{OperationOutput(OpInvoiceLookup), "valid/operations/invoice.lookup.output.json"},
		{ManifestV1, "valid/manifest/full.json"},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata/v1", c.file))
			if err != nil {
				t.Fatal(err)
			}
			s, err := lookup(c.id)
			if err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range 150 {
				value, err := decode(c.id, raw)
				if err != nil {
					t.Fatal(err)
				}
				for range 1 + random.IntN(3) {
					value = spoil(random, value)
				}
				agree(t, s, value)
			}
		})
	}
}

// spoil changes one place of a value.
func spoil(random *rand.Rand, value any) any {
	stop := random.IntN(4) == 0
	switch v := value.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if stop || len(names) == 0 {
			break
		}
		name := names[random.IntN(len(names))]
		switch random.IntN(6) {
		case 0:
			delete(v, name)
		case 1:
			v[names[random.IntN(len(names))]] = v[name]
		default:
			v[name] = spoil(random, v[name])
		}
		return v
	case []any:
		if stop || len(v) == 0 {
			break
		}
		i := random.IntN(len(v))
		v[i] = spoil(random, v[i])
		return v
	}
	other := []any{
		nil, true, json.Number("0"), json.Number("-1"), json.Number("1.005"), json.Number("7.50"), json.Number("1e3"), json.Number("1000000000000"),
		"", "x", "380", "384", "NGN", "2025-02-29", "2024-02-29", "STANDARD_VAT", "found_final", "a@b.example", "+2348012345678", strings.Repeat("y", 101), "a\u0007b",
		map[string]any{}, map[string]any{"irn": "A1-94ND90NR-20250701", "issue_date": "2025-07-01"}, []any{}, []any{"x"}, []any{map[string]any{}},
	}
	return other[random.IntN(len(other))]
}

// numberSchema asks everything that the quick way knows of numbers.
const numberSchema = `{"type":["number","string","array"],"minimum":-1.5,"maximum":999999999999.99,"multipleOf":0.01,
	"exclusiveMinimum":-1.51,"exclusiveMaximum":1000000000000,"minLength":1,"maxLength":3,"pattern":"^[a-zé]*$","maxItems":2,
	"items":{"type":"integer"},"not":{"enum":["abc"]},"if":{"type":"integer"},"then":{"minimum":0},"else":{"anyOf":[{"type":"string"},{"type":"number"},{"type":"array"}]}}`

func quickNumberSchema(t testing.TB) *Schema {
	t.Helper()
	doc, err := decode("", []byte(numberSchema))
	if err != nil {
		t.Fatal(err)
	}
	s, err := compile("afara:test", doc.(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	if !s.quick.known {
		t.Fatal("the quick way does not know the schema")
	}
	return s
}

func TestTheQuickWayKnowsNumbers(t *testing.T) {
	t.Parallel()
	s := quickNumberSchema(t)
	for body, want := range map[string]verdict{
		"0": yes, "-0": yes, "-1": no, "-1.5": yes, "-1.50000": yes, "-1.501": no, "-1.51": no, "0.01": yes, "0.001": no, "0.0100": yes,
		"999999999999.99": yes, "1000000000000": no, "0.07": yes, "1e2": unsure, "1E-2": unsure, "123456789012345678.1": unsure,
		`"a"`: yes, `""`: no, `"éé"`: yes, `"abcd"`: no, `"abc"`: no, `[1,2]`: yes, `[1,2,3]`: no, `[1.5]`: no, `[1.0]`: yes, `[1e0]`: unsure, "null": no, "{}": no,
	} {
		value, err := decode("", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := agree(t, s, value); got != want {
			t.Errorf("%s: got %d, want %d", body, got, want)
		}
	}
}

func TestTheQuickWayKnowsMapsAndNull(t *testing.T) {
	t.Parallel()
	doc, err := decode("", []byte(`{"maxProperties":2,"propertyNames":{"maxLength":2},"properties":{"a":{"enum":["x",null]}},"additionalProperties":{"type":"string"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := compile("afara:test", doc.(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]verdict{
		`{}`: yes, `[]`: yes, `{"a":"x","b":"y"}`: yes, `{"a":null}`: yes, `{"a":"y"}`: no, `{"a":0}`: no, `{"b":null}`: no, `{"b":1}`: no,
		`{"bbb":"y"}`: no, `{"b":"","c":"","d":""}`: no,
	} {
		value, err := decode("", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := agree(t, s, value); got != want {
			t.Errorf("%s: got %d, want %d", body, got, want)
		}
	}
}

func FuzzQuick(f *testing.F) {
	f.Add([]byte(`12.34`))
	f.Add([]byte(`["a",1e3]`))
	f.Add([]byte(`{"invoice_type_code":"380","invoice_line":[{"hsn_code":"2203"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := decode("", body)
		if err != nil {
			return
		}
		agree(t, quickNumberSchema(t), value)
		s, err := lookup(InvoiceV1)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, s, value)
	})
}
