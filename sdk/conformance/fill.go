package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// values are what placeholders stand for, by name. A value may be an object,
// whose members are named with dots.
type values map[string]any

var placeholder = regexp.MustCompile(`\$\{([A-Za-z][A-Za-z0-9_.]*)\}`)

// with gives the values and one more.
func (v values) with(name string, value any) values {
	out := maps.Clone(v)
	out[name] = value
	return out
}

func (v values) get(name string) (any, error) {
	if number, ok := v["n"]; ok && strings.HasPrefix(name, "uuid.") {
		return uuidOf(fmt.Sprint(number, " ", name)), nil
	}
	var at any = map[string]any(v)
	for _, part := range strings.Split(name, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("${%s}: %s lies in no object", name, part)
		}
		if at, ok = object[part]; !ok {
			return nil, fmt.Errorf("${%s}: nothing is known as %s; see what the placeholders are", name, part)
		}
	}
	return at, nil
}

// uuidOf makes a UUID that has the form of version 4, always the same of a text.
func uuidOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// fill puts values into every text below node, which stays as it is. A text that
// is one placeholder and nothing else takes the value's own type.
func (v values) fill(node any) (any, error) {
	switch node := node.(type) {
	case string:
		return v.fillText(node)
	case []any:
		out := make([]any, len(node))
		for i, item := range node {
			var err error
			if out[i], err = v.fill(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		return v.fillObject(node)
	}
	return node, nil
}

func (v values) fillObject(node map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(node))
	for name, item := range node {
		filled, err := v.fill(item)
		if err != nil {
			return nil, err
		}
		out[name] = filled
	}
	return out, nil
}

func (v values) fillText(text string) (any, error) {
	if whole := placeholder.FindStringSubmatch(text); whole != nil && whole[0] == text {
		return v.get(whole[1])
	}
	var unknown error
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		value, err := v.get(found[2 : len(found)-1])
		if err != nil {
			unknown = err
			return found
		}
		return fmt.Sprint(value)
	})
	return filled, unknown
}

// text fills one text.
func (v values) text(text string) (string, error) {
	filled, err := v.fillText(text)
	return fmt.Sprint(filled), err
}

// json fills a tree and writes it.
func (v values) json(node any) ([]byte, error) {
	filled, err := v.fill(node)
	if err != nil {
		return nil, err
	}
	return json.Marshal(filled)
}

// merged is base with the changes; null takes a member out.
func merged(base, changes map[string]any) map[string]any {
	out := maps.Clone(base)
	for name, value := range changes {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = value
	}
	return out
}
