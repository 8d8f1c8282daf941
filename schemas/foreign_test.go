package schemas_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

func TestASchemaOfAConnectorIsHeldToItsLimits(t *testing.T) {
	t.Parallel()
	bomb := `{"$ref":"#/$defs/a0","$defs":{`
	for i := range 40 {
		bomb += fmt.Sprintf(`"a%d":{"anyOf":[{"$ref":"#/$defs/a%d"},{"$ref":"#/$defs/a%d"}]},`, i, i+1, i+1)
	}
	bomb += `"a40":{"type":"string"}}}`
	for name, raw := range map[string]string{
		"a boolean":                `true`,
		"not JSON":                 `{`,
		"a key twice":              `{"type":"object","type":"array"}`,
		"an unknown type":          `{"type":"objekt"}`,
		"a pattern that fails":     `{"pattern":"("}`,
		"a remote reference":       `{"$ref":"https://example.com/schema.json"}`,
		"a file":                   `{"properties":{"a":{"$ref":"file:///etc/passwd"}}}`,
		"a schema of ours":         `{"$ref":"https://afara.dev/schemas/v1/invoice.json"}`,
		"a relative reference":     `{"items":{"$ref":"invoice.json"}}`,
		"a reference to nothing":   `{"$ref":"#/$defs/x"}`,
		"an id inside":             `{"properties":{"a":{"$id":"https://example.com/a"}}}`,
		"a dynamic reference":      `{"$dynamicRef":"#x"}`,
		"an unknown draft":         `{"$schema":"https://example.com/draft"}`,
		"too large":                `{"description":"` + strings.Repeat("x", 256<<10) + `"}`,
		"too deep":                 strings.Repeat(`{"not":`, 65) + "{}" + strings.Repeat("}", 65),
		"references that multiply": bomb,
		"too many parts":           `{"enum":[` + strings.Repeat("0,", 60_000) + `0]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := schemas.Compile([]byte(raw)); err == nil {
				t.Error("it was compiled")
			}
		})
	}
}

func TestASchemaOfAConnectorNamesEachFault(t *testing.T) {
	t.Parallel()
	settings := `{"$id":"https://example.com/s.json","$schema":"https://json-schema.org/draft/2020-12/schema",
		"type":"object","required":["baseUrl","key"],"additionalProperties":false,
		"properties":{
			"baseUrl":{"title":"Address","type":"string","format":"uri"},
			"key":{"$ref":"#/$defs/secret"},
			"count":{"type":"integer","minimum":1,"maximum":9},
			"mode":{"const":"live"},
			"either":{"oneOf":[{"type":"string","minLength":3},{"type":"array","items":{"type":"integer"}}]},
			"both":{"anyOf":[{"minLength":3},{"pattern":"^x"}]},
			"never":false,
			"a/b":{"type":"string"},
			"tags":{"type":"array","uniqueItems":true,"contains":{"const":"main"}},
			"tree":{"$ref":"#/$defs/tree"}},
		"patternProperties":{"^x-":{"type":"string"}},
		"$defs":{"secret":{"type":"string","minLength":8,"x-afara-secret":true},"tree":{"type":"object","properties":{"left":{"$ref":"#/$defs/tree"}},"unevaluatedProperties":false}}}`
	s, err := schemas.Compile([]byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate([]byte(`{"baseUrl":"https://a.example","key":"12345678","count":9,"mode":"live","either":[1],"both":"abc","x-1":"","tags":["main"],"tree":{"left":{"left":{}}}}`)); err != nil {
		t.Fatal(err)
	}
	body := `{"baseUrl":"a b","key":"hunter2","count":0,"mode":"test","either":"ab","both":"y","never":1,"a/b":1,"tags":["a","a"],"x-1":2,"other":1,"tree":{"left":{"right":1}}}`
	refusal := refused(t, s.Validate([]byte(body)))
	wantFaults(t, refusal.Violations, []schematest.Fault{
		{Pointer: "/a~1b", Code: "type"},
		{Pointer: "/baseUrl", Code: "format"},
		{Pointer: "/both", Code: "any_of"},
		{Pointer: "/count", Code: "minimum"},
		{Pointer: "/either", Code: "min_length"},
		{Pointer: "/key", Code: "min_length"},
		{Pointer: "/mode", Code: "const"},
		{Pointer: "/never", Code: "not_allowed"},
		{Pointer: "/other", Code: "unknown_field"},
		{Pointer: "/tags", Code: "unique_items"},
		{Pointer: "/tags", Code: "min_contains"},
		{Pointer: "/tree/left/right", Code: "unknown_field"},
		{Pointer: "/x-1", Code: "type"},
	})
	if text := fmt.Sprintf("%+v %v", refusal.Violations, refusal); strings.Contains(text, "hunter2") {
		t.Error("a value is repeated")
	}
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"$ref":"#"}}}`), []byte(`{"a":{"a":1}}`))
	f.Add([]byte(`{"oneOf":[{"type":"string"},{"const":1}],"not":{"enum":[2]}}`), []byte(`3`))
	f.Fuzz(func(t *testing.T, schema, body []byte) {
		s, err := schemas.Compile(schema)
		if err != nil {
			return
		}
		_ = s.Validate(body) // must not panic
	})
}
