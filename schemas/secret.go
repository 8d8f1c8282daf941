package schemas

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// secretMark is the keyword that makes the value under a schema a secret.
const secretMark = "x-afara-secret"

// SecretMask stands where MaskSecrets took a secret away.
const SecretMask = "••••••••"

// SecretPointers are the places in document, as JSON pointers, whose values
// schema marks as secret with x-afara-secret, or of which it cannot be told:
// what lies under a reference that leads nowhere or outside, under a mark in a
// keyword that is not followed, or beyond the bound. A schema that is no JSON
// object tells of nothing, a document that is no JSON hides nothing: both are
// secret as a whole, "". What an open schema lets in and says nothing of is no
// secret: the mark is the connector's word, and so is its absence.
//
// Every branch counts, whether the document takes it or not. The places are in
// order and none lies within another.
func SecretPointers(schema, document []byte) []string {
	tree, err := decode(foreignID, document)
	if err != nil {
		return []string{""}
	}
	return secretsOf(schema, tree)
}

// SecretTexts are the texts and numbers at the places that SecretPointers
// names, sorted and each once.
func SecretTexts(schema, document []byte) []string {
	tree, err := decode(foreignID, document)
	if err != nil {
		return distinct(textsIn(loose(document), nil))
	}
	var texts []string
	for _, pointer := range secretsOf(schema, tree) {
		value, _ := resolve(tree, pointer)
		texts = textsIn(value, texts)
	}
	return distinct(texts)
}

// MaskSecrets is document with SecretMask in the places that SecretPointers
// names.
func MaskSecrets(schema, document []byte) json.RawMessage {
	var tree any = SecretMask
	if read, err := decode(foreignID, document); err == nil {
		tree = read
		for _, pointer := range secretsOf(schema, read) {
			tree = put(tree, tokens(pointer), SecretMask)
		}
	}
	raw, err := json.Marshal(tree)
	if err != nil { // of what decode made: cannot happen
		return json.RawMessage(`"` + SecretMask + `"`)
	}
	return raw
}

// loose reads what decode refuses and others may take; nil when it is no JSON.
func loose(document []byte) (tree any) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return nil
	}
	return tree
}

// put replaces what stands at path, which exists.
func put(tree any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	last := len(path) - 1
	parent, _ := descend(tree, path[:last])
	switch p := parent.(type) {
	case map[string]any:
		p[path[last]] = value
	case []any:
		if i, err := strconv.Atoi(path[last]); err == nil {
			p[i] = value
		}
	}
	return tree
}

func textsIn(value any, texts []string) []string {
	switch v := value.(type) {
	case string:
		return append(texts, v)
	case json.Number:
		return append(texts, v.String())
	case map[string]any:
		for _, member := range v {
			texts = textsIn(member, texts)
		}
	case []any:
		for _, item := range v {
			texts = textsIn(item, texts)
		}
	}
	return texts
}

func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

// KeepSecrets is document with what stored has in the places that
// SecretPointers names and where SecretMask stands: a caller that was shown the
// mask gives it back. Missing are those of which stored has nothing.
func KeepSecrets(schema, stored, document []byte) (kept json.RawMessage, missing []string) {
	tree, err := decode(foreignID, document)
	if err != nil {
		return document, nil
	}
	old, err := decode(foreignID, stored)
	if err != nil {
		old = nil
	}
	changed := false
	for _, pointer := range secretsOf(schema, tree) {
		if value, _ := resolve(tree, pointer); value != SecretMask {
			continue
		}
		value, there := resolve(old, pointer)
		if !there {
			missing = append(missing, pointer)
			continue
		}
		tree, changed = put(tree, tokens(pointer), value), true
	}
	if !changed {
		return document, missing
	}
	if kept, err = json.Marshal(tree); err != nil { // of what decode made: cannot happen
		return document, missing
	}
	return kept, missing
}
