package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"

	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/schemas"
)

const documentURL = "https://afara.dev/openapi.json"

// contract holds requests and answers to openapi.yaml.
type contract struct {
	doc        map[string]any
	operations []*operation
	compiler   *jsonschema.Compiler
	mu         sync.Mutex
	compiled   map[string]*jsonschema.Schema
}

// operation is one method of one path of the document.
type operation struct {
	id, method, path string
	pattern          *regexp.Regexp
	node             map[string]any
	pointer          string
}

// theContract reads the document once for all tests: compiling the canonical
// schemas takes a while.
var theContract = func() func(testing.TB) *contract {
	once := sync.OnceValues(readContract)
	return func(t testing.TB) *contract {
		t.Helper()
		c, err := once()
		must(t, err)
		return c
	}
}()

func readContract() (*contract, error) { return contractOf(httpapi.OpenAPI()) }

func contractOf(document []byte) (*contract, error) {
	c := &contract{compiled: map[string]*jsonschema.Schema{}, compiler: jsonschema.NewCompiler()}
	if err := yaml.Unmarshal(document, &c.doc); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(c.doc)
	if err != nil {
		return nil, err
	}
	c.compiler.Draft, c.compiler.AssertFormat = jsonschema.Draft2020, true
	c.compiler.LoadURL = func(u string) (io.ReadCloser, error) { return nil, fmt.Errorf("%s is not among the resources", u) }
	if err := c.compiler.AddResource(documentURL, bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	for _, id := range schemas.IDs() {
		source, err := schemas.Source(id)
		if err != nil {
			return nil, err
		}
		if err := c.compiler.AddResource(string(id), bytes.NewReader(source)); err != nil {
			return nil, err
		}
	}
	c.list()
	return c, nil
}

func (c *contract) list() {
	for path, item := range c.doc["paths"].(map[string]any) {
		pattern := regexp.QuoteMeta(path)
		pattern = strings.NewReplacer(`\{id\}`, `[^/]+`, `\{name\}`, `[^/]+`, `\{operation\}`, `[^/]+`, `\{connector\}`, `[^/]+`, `\{connectionId\}`, `[^/]+`, `\{kind\}`, `[^/]+`,
			`\{operator\}`, `[^/]+`, `\{country\}`, `[^/]+`, `\{slug\}`, `[^/]+`, `\{msisdn\}`, `[^/]+`).Replace(pattern)
		pattern = strings.ReplaceAll(pattern, `\{path\}`, `.+`)
		for method, node := range item.(map[string]any) {
			c.operations = append(c.operations, &operation{
				id: node.(map[string]any)["operationId"].(string), method: strings.ToUpper(method), path: path,
				pattern: regexp.MustCompile("^" + pattern + "$"), node: node.(map[string]any),
				pointer: "#/paths/" + token(path) + "/" + method,
			})
		}
	}
	// A path without parameters comes before one that would match it too.
	slices.SortFunc(c.operations, func(a, b *operation) int { return strings.Count(a.path, "{") - strings.Count(b.path, "{") })
}

// token escapes a part of a pointer inside a URL fragment.
func token(s string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
}

func (c *contract) find(method, path string) *operation {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, o := range c.operations {
		if o.method == method && o.pattern.MatchString(path) {
			return o
		}
	}
	return nil
}

// resolve follows a $ref of the document outside of schemas.
func (c *contract) resolve(node any, pointer string) (map[string]any, string) {
	m := node.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m, pointer
	}
	var at any = c.doc
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[part]
	}
	return at.(map[string]any), ref
}

func (c *contract) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.compiled[pointer]; ok {
		return s, nil
	}
	s, err := c.compiler.Compile(documentURL + pointer)
	c.compiled[pointer] = s
	return s, err
}

// validate holds a JSON value to the schema at pointer.
func (c *contract) validate(pointer string, value any) error {
	s, err := c.schema(pointer)
	if err != nil {
		return err
	}
	return s.Validate(value)
}

func decodeNumbers(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// checkAnswer fails unless the document says that this operation may answer
// so: status, headers, content type and body.
func (c *contract) checkAnswer(t testing.TB, method, path string, r reply) {
	t.Helper()
	o := c.find(method, path)
	if o == nil {
		if err := c.checkProblem(r); err != nil {
			t.Errorf("%s %s: %v: %s", method, path, err, r.body)
		}
		return
	}
	if err := c.checkResponse(o, method, r); err != nil {
		t.Errorf("%s %s, %d: not as openapi.yaml says: %v\n%s", method, path, r.status, err, r.body)
	}
}

func (c *contract) checkProblem(r reply) error {
	v, err := decodeNumbers(r.body)
	if err != nil {
		return err
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("content type %q", got)
	}
	return c.validate("#/components/schemas/Problem", v)
}

func (c *contract) checkResponse(o *operation, method string, r reply) error {
	status := strconv.Itoa(r.status)
	node, ok := o.node["responses"].(map[string]any)[status]
	if !ok {
		return fmt.Errorf("status %s is not declared", status)
	}
	response, pointer := c.resolve(node, o.pointer+"/responses/"+status)
	if err := c.checkHeaders(response, r.header); err != nil {
		return err
	}
	content, ok := response["content"].(map[string]any)
	if !ok || method == http.MethodHead {
		if len(r.body) > 0 && method != http.MethodHead {
			return fmt.Errorf("a body of %d bytes is not declared", len(r.body))
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || content[media] == nil {
		return fmt.Errorf("content type %q is not declared", r.header.Get("Content-Type"))
	}
	if !strings.HasSuffix(media, "json") {
		return nil
	}
	v, err := decodeNumbers(r.body)
	if err != nil {
		return err
	}
	return c.validate(pointer+"/content/"+token(media)+"/schema", v)
}

func (c *contract) checkHeaders(response map[string]any, got http.Header) error {
	declared, _ := response["headers"].(map[string]any)
	for name, node := range declared {
		header, pointer := c.resolve(node, "")
		value, given := got[http.CanonicalHeaderKey(name)]
		if !given {
			if header["required"] == true {
				return fmt.Errorf("header %s is missing", name)
			}
			continue
		}
		if err := c.validate(pointer+"/schema", value[0]); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	for _, name := range []string{"Retry-After", "Idempotency-Replayed", "Etag", "Www-Authenticate"} {
		if _, given := got[name]; given && !slices.ContainsFunc(keys(declared), func(k string) bool { return http.CanonicalHeaderKey(k) == name }) {
			return fmt.Errorf("header %s is not declared", name)
		}
	}
	return nil
}

func keys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// checkRequest fails unless the document lets a caller ask so.
func (c *contract) checkRequest(t testing.TB, method, target, body string, header http.Header) {
	t.Helper()
	u, err := url.Parse(target)
	must(t, err)
	o := c.find(method, u.Path)
	if o == nil {
		t.Fatalf("%s %s is not in openapi.yaml", method, u.Path)
	}
	if err := c.checkParameters(o, u, header); err != nil {
		t.Errorf("%s %s: %v", method, target, err)
	}
	node, takes := o.node["requestBody"].(map[string]any)
	switch {
	case body == "" && (!takes || node["required"] != true):
		return
	case !takes || body == "":
		t.Errorf("%s %s: body %t, declared %t", method, target, body != "", takes)
		return
	}
	v, err := decodeNumbers([]byte(body))
	must(t, err)
	if err := c.validate(o.pointer+"/requestBody/content/"+token("application/json")+"/schema", v); err != nil {
		t.Errorf("%s %s: request body: %v", method, target, err)
	}
}

func (c *contract) checkParameters(o *operation, u *url.URL, header http.Header) error {
	list, _ := o.node["parameters"].([]any)
	known := map[string]string{}
	for _, node := range list {
		p, pointer := c.resolve(node, "")
		known[p["in"].(string)+" "+p["name"].(string)] = pointer + "/schema"
	}
	for name, values := range u.Query() {
		pointer, ok := known["query "+name]
		if !ok {
			return fmt.Errorf("query parameter %s is not declared", name)
		}
		if err := c.validateText(pointer, values[0]); err != nil {
			return fmt.Errorf("query parameter %s: %w", name, err)
		}
	}
	if key := header.Get("Idempotency-Key"); key != "" {
		pointer, ok := known["header Idempotency-Key"]
		if !ok {
			return fmt.Errorf("Idempotency-Key is not declared")
		}
		return c.validateText(pointer, key)
	}
	return nil
}

// validateText takes a parameter's text as the type that its schema wants.
func (c *contract) validateText(pointer, text string) error {
	err := c.validate(pointer, text)
	if err == nil {
		return nil
	}
	if v, parseErr := decodeNumbers([]byte(text)); parseErr == nil && c.validate(pointer, v) == nil {
		return nil
	}
	return err
}
