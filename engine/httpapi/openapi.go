package httpapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
	"gopkg.in/yaml.v3"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is openapi.yaml with the operations of the installed connectors.
type document struct {
	manifests  []*schemas.Manifest
	components map[string]any
	yaml, json []byte
}

// current is the document for the versions of connectors that serve now.
func (a *api) current() (*document, error) {
	now := a.cfg.Connectors.Manifests()
	if d := a.document.Load(); slices.Equal(d.manifests, now) {
		return d, nil
	}
	d, err := readDocument(openapiYAML, now)
	if err == nil {
		a.document.Store(&d)
	}
	return &d, err
}

func readDocument(source []byte, manifests []*schemas.Manifest) (document, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return document{}, fmt.Errorf("read openapi.yaml: %w", err)
	}
	doc, source, err := withOperations(doc, source, manifests)
	if err != nil {
		return document{}, err
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return document{}, fmt.Errorf("openapi.yaml as JSON: %w", err)
	}
	components, _ := doc["components"].(map[string]any)
	all, _ := components["schemas"].(map[string]any)
	return document{manifests: manifests, components: all, yaml: source, json: raw}, nil
}

// component is a schema of the document as JSON.
func (d document) component(name string) ([]byte, error) {
	schema, ok := d.components[name]
	if !ok {
		return nil, fmt.Errorf("openapi.yaml has no schema %s", name)
	}
	return json.Marshal(schema)
}

func (a *api) getOpenAPIYAML(w http.ResponseWriter, r *http.Request) error {
	d, err := a.current()
	if err != nil {
		return err
	}
	return static(w, r, "application/yaml", d.yaml)
}

func (a *api) getOpenAPIJSON(w http.ResponseWriter, r *http.Request) error {
	d, err := a.current()
	if err != nil {
		return err
	}
	return static(w, r, "application/json", d.json)
}

// schemaHost begins the ids of schemas; what follows is their path here.
const schemaHost = "https://afara.dev"

var errNoSchema = &domain.Error{Kind: domain.KindNotFound, Code: "no_such_schema",
	Detail: "There is no such schema; openapi.yaml refers to those that there are."}

// getSchema serves a canonical schema at the path of its id.
func (*api) getSchema(w http.ResponseWriter, r *http.Request) error {
	source, err := schemas.Source(schemas.ID(schemaHost + "/schemas/" + chi.URLParam(r, "*")))
	if err != nil {
		return errNoSchema
	}
	return static(w, r, "application/schema+json", source)
}

// static serves what changes with the build, or with a version of a connector, only.
func static(w http.ResponseWriter, r *http.Request, contentType string, body []byte) error {
	sum := sha256.Sum256(body)
	if unchanged(w, r, hex.EncodeToString(sum[:16]), "public, max-age=300") {
		return nil
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) // the caller may be gone
	return nil
}
