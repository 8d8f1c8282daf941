package schemas

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of a schema that a connector brings along.
const (
	maxForeignBytes = 256 << 10
	// maxForeignNodes bounds the parts of a schema with each $ref counted as
	// what it stands for: a few lines of nested references can otherwise ask
	// for more comparisons than there is time.
	maxForeignNodes = 50_000
)

// draft is the one that a schema is of when it does not say.
const draft = "https://json-schema.org/draft/2020-12/schema"

const foreignID ID = "afara:connector"

// Compile prepares a schema that a connector brought along (draft 2020-12
// unless it says otherwise). It loads nothing: a $ref must point into the
// schema itself. Too large, too deep and too intertwined schemas are refused.
func Compile(raw []byte) (*Schema, error) {
	if len(raw) > maxForeignBytes {
		return nil, fmt.Errorf("compile schema: it has %d bytes, at most %d are allowed", len(raw), maxForeignBytes)
	}
	doc, err := decode(foreignID, raw)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, errors.New("compile schema: a schema must be a JSON object")
	}
	delete(object, "$id") // it would move the base of $ref
	w := weigher{root: object, weights: map[string]int{}}
	if _, err := w.weigh(object); err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	s, err := compile(foreignID, object)
	if err != nil {
		return nil, err
	}
	if w.otherDraft || len(w.weights) > 0 {
		s.quick = &quickNode{} // it may mean something else by a keyword, or contain itself
	}
	return s, nil
}

type weigher struct {
	root    any
	weights map[string]int // of the targets of $ref; 1 while being weighed
	// otherDraft: it asks for another draft than ours.
	otherDraft bool
}

func (w *weigher) weigh(node any) (int, error) {
	sum := 1
	add := func(part any) error {
		n, err := w.weigh(part)
		if sum += n; err == nil && sum > maxForeignNodes {
			err = fmt.Errorf("it has more than %d parts, counting each $ref as what it stands for", maxForeignNodes)
		}
		return err
	}
	switch node := node.(type) {
	case map[string]any:
		for key, part := range node {
			if err := w.keyword(key, part, &sum); err != nil {
				return 0, err
			}
			if err := add(part); err != nil {
				return 0, err
			}
		}
	case []any:
		for _, part := range node {
			if err := add(part); err != nil {
				return 0, err
			}
		}
	}
	return sum, nil
}

// keyword adds the weight of a reference and refuses what may not be there.
func (w *weigher) keyword(key string, value any, sum *int) error {
	text, isText := value.(string)
	switch {
	case !isText:
		return nil
	case key == "$schema":
		w.otherDraft = w.otherDraft || strings.TrimSuffix(text, "#") != draft
		return nil
	case key == "$id" || key == "$dynamicRef" || key == "$recursiveRef":
		return fmt.Errorf("%s is not supported inside a connector's schema", key)
	case key != "$ref":
		return nil
	case !strings.HasPrefix(text, "#"):
		return fmt.Errorf("$ref %q points outside the schema", text)
	}
	n, err := w.target(text)
	*sum += n
	return err
}

func (w *weigher) target(ref string) (int, error) {
	if n, known := w.weights[ref]; known {
		return n, nil
	}
	w.weights[ref] = 1
	target, ok := resolve(w.root, plain(strings.TrimPrefix(ref, "#")))
	if !ok {
		return 0, fmt.Errorf("$ref %q points nowhere", ref)
	}
	n, err := w.weigh(target)
	w.weights[ref] = n
	return n, err
}
