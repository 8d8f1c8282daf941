package schemas_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

const marked = `{"x-afara-secret":true}`

func TestSecretsAreFoundWhereverTheSchemaMarksThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, document, want string }{
		"a property":              {`{"properties":{"a":` + marked + `}}`, `{"a":"s","b":"x"}`, `/a`},
		"a nested property":       {`{"properties":{"auth":{"properties":{"token":` + marked + `}}}}`, `{"auth":{"token":"s","user":"x"}}`, `/auth/token`},
		"whatever its type":       {`{"properties":{"a":` + marked + `}}`, `{"a":{"b":[1,true]}}`, `/a`},
		"the document":            {marked, `{"a":1}`, ``},
		"$ref":                    {`{"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":` + marked + `}}`, `{"a":"s"}`, `/a`},
		"a chain of $ref":         {`{"properties":{"a":{"$ref":"#/$defs/r"}},"$defs":{"r":{"$ref":"#/$defs/s"},"s":` + marked + `}}`, `{"a":"s"}`, `/a`},
		"an escaped $ref":         {`{"properties":{"a":{"$ref":"#/$defs/a%25~1b~0c"}},"$defs":{"a%/b~c":` + marked + `}}`, `{"a":"s"}`, `/a`},
		"$ref beside others":      {`{"properties":{"a":{"type":"object","$ref":"#/$defs/o"}},"$defs":{"o":{"properties":{"b":` + marked + `}}}}`, `{"a":{"b":"s"}}`, `/a/b`},
		"a schema within itself":  {`{"properties":{"next":{"$ref":"#"},"key":` + marked + `}}`, `{"key":"s","next":{"key":"s","name":"x","next":{"key":"s"}}}`, `/key /next/key /next/next/key`},
		"a $ref to itself":        {`{"$ref":"#","properties":{"a":` + marked + `}}`, `{"a":"s","b":"x"}`, `/a`},
		"allOf":                   {`{"allOf":[{"properties":{"b":{}}},{"properties":{"a":` + marked + `}}]}`, `{"a":"s","b":"x"}`, `/a`},
		"anyOf and oneOf":         {`{"anyOf":[{"properties":{"a":` + marked + `}}],"oneOf":[true,{"properties":{"b":` + marked + `}}]}`, `{"a":"s","b":"s","c":"x"}`, `/a /b`},
		"if, then and else":       {`{"if":{"properties":{"a":` + marked + `}},"then":{"properties":{"b":` + marked + `}},"else":{"properties":{"c":` + marked + `}}}`, `{"a":1,"b":2,"c":3,"d":4}`, `/a /b /c`},
		"not":                     {`{"not":{"properties":{"a":` + marked + `}}}`, `{"a":1,"b":2}`, `/a`},
		"dependent schemas":       {`{"dependentSchemas":{"a":{"properties":{"b":` + marked + `}}},"dependencies":{"a":["b"],"b":{"properties":{"c":` + marked + `}}}}`, `{"a":1,"b":2,"c":3}`, `/b /c`},
		"patternProperties":       {`{"patternProperties":{"_key$":` + marked + `}}`, `{"a_key":"s","a_name":"x"}`, `/a_key`},
		"additionalProperties":    {`{"properties":{"a":{}},"patternProperties":{"^x":{}},"additionalProperties":` + marked + `}`, `{"a":1,"x1":2,"b":3}`, `/b`},
		"unevaluatedProperties":   {`{"properties":{"a":{}},"unevaluatedProperties":` + marked + `}`, `{"a":1,"b":3}`, `/b`},
		"items":                   {`{"items":{"properties":{"a":` + marked + `}}}`, `[{"a":1},{"b":2},{"a":3}]`, `/0/a /2/a`},
		"prefixItems":             {`{"prefixItems":[{},` + marked + `]}`, `[1,2,3]`, `/1`},
		"items after prefixItems": {`{"prefixItems":[{}],"items":` + marked + `}`, `[1,2,3]`, `/1 /2`},
		"items of old drafts":     {`{"items":[{},` + marked + `],"additionalItems":` + marked + `}`, `[1,2,3]`, `/1 /2`},
		"unevaluatedItems":        {`{"prefixItems":[{}],"unevaluatedItems":` + marked + `}`, `[1,2]`, `/1`},
		"contains":                {`{"contains":` + marked + `}`, `[1]`, `/0`},
		"odd names":               {`{"properties":{"a/b":{"properties":{"~":` + marked + `,"":` + marked + `}}}}`, `{"a/b":{"~":1,"":2,"c":3}}`, `/a~1b/ /a~1b/~0`},
		"a mark that is withdrawn": {
			`{"properties":{"a":{"x-afara-secret":false}}}`, `{"a":1}`, `none`},
		"a mark that is misspelt":      {`{"properties":{"a":{"x-afara-secret":"yes"}}}`, `{"a":1}`, `/a`},
		"a property named as the mark": {`{"properties":{"x-afara-secret":{"type":"boolean"}}}`, `{"x-afara-secret":true}`, `none`},
		"a default that looks so":      {`{"properties":{"a":{"default":` + marked + `,"const":` + marked + `}}}`, `{"a":1}`, `none`},
		"no mark at all":               {`{"title":"T","required":["a"],"x-ui":{"$comment":[1]},"additionalProperties":true}`, `{"a":{"b":[1]}}`, `none`},

		"a reference to nothing":      {`{"properties":{"a":{"$ref":"#/$defs/none"},"b":{}}}`, `{"a":1,"b":2}`, `/a`},
		"a reference outside":         {`{"properties":{"a":{"$ref":"https://example.com/s.json"}}}`, `{"a":1,"b":2}`, `/a`},
		"a reference by name":         {`{"properties":{"a":{"$ref":"#s"}},"$defs":{"s":{"$anchor":"s"}}}`, `{"a":1}`, `/a`},
		"a reference that is no text": {`{"properties":{"a":{"$ref":1}}}`, `{"a":1}`, `/a`},
		"a dynamic reference":         {`{"properties":{"a":{"$dynamicRef":"#s"},"b":{"$recursiveRef":"#"}}}`, `{"a":1,"b":2,"c":3}`, `/a /b`},
		"a base that moves":           {`{"properties":{"a":{"$id":"https://example.com/a"}}}`, `{"a":1}`, `/a`},
		"the first base":              {`{"$id":"https://example.com/a","properties":{"b":{"id":"b"}}}`, `{"a":1,"b":2}`, `none`},
		"a base of draft 4":           {`{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"id":"b"}}}`, `{"a":1}`, `/a`},
		"a mark in another keyword":   {`{"properties":{"a":{"propertyNames":` + marked + `},"b":{"contentSchema":{"items":[` + marked + `]}}}}`, `{"a":{"s":1},"b":"s","c":1}`, `/a /b`},
		"a mark behind one":           {`{"properties":{"a":{"propertyNames":{"$ref":"#/$defs/s"}}},"$defs":{"s":` + marked + `}}`, `{"a":{"s":1}}`, `/a`},
		"a name that is no mark":      {`{"properties":{"a":{"propertyNames":{"$ref":"#/$defs/s"}}},"$defs":{"s":{"allOf":[{"$ref":"#/$defs/s"}]}}}`, `{"a":{"s":1}}`, `none`},
		"nothing behind one":          {`{"properties":{"a":{"propertyNames":{"$ref":"#/$defs/s"}}}}`, `{"a":{"s":1}}`, `/a`},
		"a pattern that fails":        {`{"patternProperties":{"(":` + marked + `},"additionalProperties":{}}`, `{"a":1}`, `/a`},
		"beside one that fails":       {`{"patternProperties":{"(":{}},"additionalProperties":` + marked + `}`, `{"a":1}`, `/a`},
		"parts of a wrong type":       {`{"properties":{"a":{"properties":1},"b":{"allOf":{}},"c":{"items":null},"d":3,"e":{"prefixItems":{}},"f":{"dependencies":1}}}`, `{"a":1,"b":1,"c":[1],"d":1,"e":[1],"f":1}`, `/a /b /c/0 /d /e/0 /f`},
		"a schema that is no object":  {`true`, `{"a":1}`, ``},
		"a schema that is no JSON":    {`{`, `{"a":1}`, ``},
		"no schema":                   {``, `{"a":1}`, ``},
		"a document that is no JSON":  {`{}`, `{"a":`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := schemas.SecretPointers([]byte(c.schema), []byte(c.document))
			want := strings.Split(c.want, " ")
			if c.want == "none" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestMaskedDocumentsKeepTheRest(t *testing.T) {
	t.Parallel()
	schema := []byte(`{"properties":{"auth":{"$ref":"#/$defs/auth"}},"$defs":{"auth":{"properties":{"token":` + marked + `,"list":{"items":{"allOf":[{"properties":{"pin":` + marked + `}}]}}}}}}`)
	document := []byte(`{"n":1.50,"e":{},"auth":{"token":"hunter2","user":"ada & co","list":[{"pin":4711},null,{"pin":{"a":["hunter3"]},"x":[]}]}}`)
	want := `{"auth":{"list":[{"pin":"••••••••"},null,{"pin":"••••••••","x":[]}],"token":"••••••••","user":"ada \u0026 co"},"e":{},"n":1.50}`
	if got := string(schemas.MaskSecrets(schema, document)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := schemas.SecretTexts(schema, document); !slices.Equal(got, []string{"4711", "hunter2", "hunter3"}) {
		t.Errorf("texts %q", got)
	}
	for document, texts := range map[string]int{`{"auth":`: 0, `{"token":"hunter2","token":"hunter3"}`: 1, `"hunter2"x`: 1} {
		if got := string(schemas.MaskSecrets(schema, []byte(document))); got != `"••••••••"` {
			t.Errorf("%s becomes %s", document, got)
		}
		if got := schemas.SecretTexts(schema, []byte(document)); len(got) != texts {
			t.Errorf("the texts of %s are %q", document, got)
		}
	}
}

// A schema that asks for more looks than there is time for hides what is left.
func TestLookingForSecretsIsBounded(t *testing.T) {
	t.Parallel()
	branches := strings.Repeat(`{"patternProperties":{"^a":{}}},`, 2000)
	schema := `{"items":{"allOf":[` + branches + `{"properties":{"k":` + marked + `}}]}}`
	document := `["first",` + strings.Repeat(`{"k":"hunter2","a":1},`, 5000) + `"last"]`
	masked := string(schemas.MaskSecrets([]byte(schema), []byte(document)))
	if !strings.HasPrefix(masked, `["first",{"a":1,"k":"••••••••"}`) || strings.Contains(masked, "hunter2") || strings.Contains(masked, "last") {
		t.Errorf("masked: %.200s … %s", masked, masked[max(0, len(masked)-200):])
	}
}

// FuzzMaskSecrets takes any schema and any document, and plants a secret of its
// own under a mark beside them.
func FuzzMaskSecrets(f *testing.F) {
	f.Add([]byte(`{"properties":{"a":{"$ref":"#/$defs/s"}},"$defs":{"s":`+marked+`}}`), []byte(`{"a":"x"}`))
	f.Add([]byte(`{"allOf":[{"items":{"$ref":"#"}}],"patternProperties":{"(":{}}}`), []byte(`[[1],{}]`))
	f.Add([]byte(`{"if":{},"then":{"dependentSchemas":{"a":false}},"propertyNames":{"$id":"x"}}`), []byte(`{"a":"\u0000"}`))
	f.Fuzz(func(t *testing.T, schema, document []byte) {
		masked := schemas.MaskSecrets(schema, document)
		if !json.Valid(masked) {
			t.Fatalf("not JSON: %s", masked)
		}
		if again := schemas.MaskSecrets(schema, masked); json.Valid(document) && string(again) != string(masked) {
			t.Fatalf("masked twice, %s becomes %s", masked, again)
		}
		if !json.Valid(schema) || !json.Valid(document) {
			return
		}
		const canary = "planted-canary"
		around := fmt.Sprintf(`{"properties":{"theirs":%s},"allOf":[{"properties":{"ours":{"items":{"$ref":"#/$defs/0"}}}}],"$defs":{"0":%s}}`, schema, marked)
		whole := fmt.Sprintf(`{"theirs":%s,"ours":[%q,{"a":[%q]}]}`, document, canary, canary)
		if got := schemas.MaskSecrets([]byte(around), []byte(whole)); strings.Contains(string(got), canary) {
			t.Fatalf("%s keeps the secret under %s", got, around)
		}
	})
}

// FuzzSecretsInMadeSchemas makes a schema and its document together, one way of
// marking within the other, so that it knows what must go and what must stay.
func FuzzSecretsInMadeSchemas(f *testing.F) {
	f.Add([]byte{0}, true)
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, true)
	f.Add([]byte{9, 0, 8, 1, 7, 2, 6, 3, 5, 4}, false)
	f.Fuzz(func(t *testing.T, ways []byte, secret bool) {
		schema, document, defs := `{"type":"string"}`, `"planted-canary"`, ""
		if secret {
			schema = marked
		}
		for i, way := range ways[:min(len(ways), 20)] {
			switch way % 10 {
			case 0:
				schema, document = `{"properties":{"a":`+schema+`}}`, `{"a":`+document+`}`
			case 1:
				schema, document = `{"items":`+schema+`}`, `[`+document+`]`
			case 2:
				schema, document = `{"prefixItems":[true,`+schema+`]}`, `[0,`+document+`]`
			case 3:
				schema, document = `{"properties":{"b":{}},"additionalProperties":`+schema+`}`, `{"b":0,"c":`+document+`}`
			case 4:
				schema, document = `{"patternProperties":{"^d":`+schema+`}}`, `{"d1":`+document+`}`
			case 5:
				schema = `{"allOf":[{"title":"T"},` + schema + `]}`
			case 6:
				schema = `{"anyOf":[` + schema + `,false],"x-order":1}`
			case 7:
				schema = `{"if":{"required":["z"]},"else":` + schema + `}`
			case 8:
				schema = `{"oneOf":[{"not":{}},` + schema + `]}`
			case 9:
				defs += fmt.Sprintf(`"d%d":%s,`, i, schema)
				schema = fmt.Sprintf(`{"$ref":"#/$defs/d%d"}`, i)
			}
		}
		whole := `{"properties":{"top":` + schema + `},"$defs":{` + defs + `"end":true}}`
		body := []byte(`{"top":` + document + `}`)
		masked := string(schemas.MaskSecrets([]byte(whole), body))
		if kept := strings.Contains(masked, "planted-canary"); kept == secret {
			t.Fatalf("secret %v, %s under %s becomes %s", secret, body, whole, masked)
		}
		if texts := schemas.SecretTexts([]byte(whole), body); (len(texts) == 1) != secret {
			t.Fatalf("secret %v, texts %q", secret, texts)
		}
	})
}

func TestMasksGiveBackWhatIsStoredAtTheirPlace(t *testing.T) {
	t.Parallel()
	schema := []byte(`{"properties":{"a":` + marked + `,"list":{"items":{"properties":{"k":` + marked + `}}},"open":{}}}`)
	stored := []byte(`{"a":{"n":1.50},"list":[{"k":"one"},{"k":"two"}],"open":"x"}`)
	mask := `"` + schemas.SecretMask + `"`
	for document, c := range map[string]struct {
		kept    string
		missing string
	}{
		`{"a":` + mask + `,"list":[{"k":"new"},{"k":` + mask + `}]}`: {`{"a":{"n":1.50},"list":[{"k":"new"},{"k":"two"}]}`, ""},
		`{"list":[{},{},{"k":` + mask + `}],"a":` + mask + `}`:       {`{"a":{"n":1.50},"list":[{},{},{"k":` + mask + `}]}`, "/list/2/k"},
		`{"open":` + mask + `}`:                                      {`{"open":` + mask + `}`, ""},
		`{ "a" : "plain" }`:                                          {`{ "a" : "plain" }`, ""},
		`{"a":`:                                                      {`{"a":`, ""},
	} {
		kept, missing := schemas.KeepSecrets(schema, stored, []byte(document))
		if string(kept) != c.kept || strings.Join(missing, " ") != c.missing {
			t.Errorf("%s becomes %s, missing %v", document, kept, missing)
		}
	}
	if kept, missing := schemas.KeepSecrets(schema, nil, []byte(`{"a":`+mask+`}`)); string(kept) != `{"a":`+mask+`}` || len(missing) != 1 {
		t.Errorf("nothing stored: %s, missing %v", kept, missing)
	}
}
