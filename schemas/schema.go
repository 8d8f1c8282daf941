package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct {
	id       ID
	doc      map[string]any // the source, for the words of its faults
	compiled *jsonschema.Schema
	quick    *quickNode
}

// Validate checks that body is exactly one JSON value that the schema of this
// package named id accepts. The error is a *ValidationError with every fault,
// or says that there is no such schema.
func Validate(id ID, body []byte) error {
	s, err := lookup(id)
	if err != nil {
		return err
	}
	return s.Validate(body)
}

// Validate checks that body is exactly one JSON value that the schema accepts.
// The error is a *ValidationError with every fault.
func (s *Schema) Validate(body []byte) error {
	value, err := decode(s.id, body)
	if err != nil {
		return err
	}
	return s.check(value)
}

// check asks the quick way first. It answers yes only where the validator
// would; whatever else it answers, the validator decides.
func (s *Schema) check(value any) error {
	if s.quick.accepts(value) == yes {
		return nil
	}
	if long := s.quick.oversized(value, "", nil); len(long) > 0 {
		return &ValidationError{Schema: s.id, Violations: long}
	}
	return s.explain(value, s.compiled.Validate(value))
}

var errNoLoading = errors.New("a schema may refer to its own parts only")

func compile(id ID, doc map[string]any) (*Schema, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", id, err)
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(string) (io.ReadCloser, error) { return nil, errNoLoading }
	if err := c.AddResource(string(id), bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("compile %s: %w", id, err)
	}
	compiled, err := c.Compile(string(id))
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", id, err)
	}
	return &Schema{id: id, doc: doc, compiled: compiled, quick: quicken(compiled)}, nil
}
