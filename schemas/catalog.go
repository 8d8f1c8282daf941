package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"
)

//go:embed v1
var files embed.FS

// catalog maps each schema of this package to its compiled form. A schema is
// compiled when it is first asked for: a program uses few of them, and one
// costs milliseconds.
var catalog = sync.OnceValue(func() map[ID]func() (*Schema, error) {
	all := map[ID]func() (*Schema, error){}
	for _, id := range IDs() {
		all[id] = sync.OnceValues(func() (*Schema, error) { return compileEmbedded(id) })
	}
	return all
})

// IDs lists the schemas of this package, in order.
func IDs() []ID {
	var ids []ID
	// The walk cannot fail: the files are part of the program.
	_ = fs.WalkDir(files, "v1", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			ids = append(ids, ID(base+strings.TrimPrefix(path, "v1/")))
		}
		return err
	})
	slices.Sort(ids)
	return ids
}

// Source is the text of a schema of this package, as embedded.
func Source(id ID) ([]byte, error) {
	name, ours := strings.CutPrefix(string(id), base)
	if !ours {
		return nil, fmt.Errorf("schema %q: not one of this package", id)
	}
	raw, err := files.ReadFile("v1/" + name)
	if err != nil {
		return nil, fmt.Errorf("schema %q: not one of this package", id)
	}
	return raw, nil
}

func lookup(id ID) (*Schema, error) {
	get, known := catalog()[id]
	if !known {
		return nil, fmt.Errorf("schema %q: not one of this package", id)
	}
	return get()
}

func compileEmbedded(id ID) (*Schema, error) {
	whole, err := inlined(id)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", id, err)
	}
	return compile(id, whole)
}

// inlined reads a schema and puts the target of each $ref in its place. The
// files stay readable, and the validator is spared a hop for each value: a
// third of its time on an invoice.
func inlined(id ID) (map[string]any, error) {
	doc, err := readSource(id)
	if err != nil {
		return nil, err
	}
	out, err := inline(doc, id)
	if err != nil {
		return nil, err
	}
	whole, _ := out.(map[string]any)
	delete(whole, "$defs")
	return whole, nil
}

func readSource(id ID) (map[string]any, error) {
	raw, err := Source(id)
	if err != nil {
		return nil, err
	}
	doc, err := decode(id, raw)
	if err != nil {
		return nil, err
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("schema %q: not an object", id)
	}
	return object, nil
}

func inline(node any, within ID) (any, error) {
	switch node := node.(type) {
	case map[string]any:
		return inlineObject(node, within)
	case []any:
		out := make([]any, len(node))
		for i := range node {
			var err error
			if out[i], err = inline(node[i], within); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return node, nil
}

func inlineObject(node map[string]any, within ID) (any, error) {
	out := map[string]any{}
	if ref, ok := node["$ref"].(string); ok {
		target, err := inlineRef(ref, within)
		if err != nil {
			return nil, err
		}
		out = target
	}
	for key, value := range node {
		if key == "$ref" {
			continue
		}
		if _, taken := out[key]; taken && !isAnnotation(key) {
			return nil, fmt.Errorf("%s beside $ref changes what the target says", key)
		}
		v, err := inline(value, within)
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, nil
}

func isAnnotation(key string) bool {
	return key == "title" || key == "description" || strings.HasPrefix(key, "x-")
}

func inlineRef(ref string, within ID) (map[string]any, error) {
	from, err := url.Parse(string(within))
	if err != nil {
		return nil, err
	}
	to, err := from.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("$ref %q: %w", ref, err)
	}
	pointer := to.Fragment
	to.Fragment = ""
	doc, err := readSource(ID(to.String()))
	if err != nil {
		return nil, fmt.Errorf("$ref %q: %w", ref, err)
	}
	target, ok := resolve(doc, pointer)
	if !ok {
		return nil, fmt.Errorf("$ref %q: no such place", ref)
	}
	out, err := inline(target, ID(to.String()))
	if err != nil {
		return nil, err
	}
	object, ok := out.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("$ref %q: not an object", ref)
	}
	for _, key := range []string{"$schema", "$id", "$defs"} {
		delete(object, key)
	}
	return object, nil
}
