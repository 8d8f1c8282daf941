package schemas

import (
	"net/url"
	"strconv"
	"strings"
)

// resolve follows a JSON pointer in a decoded value.
func resolve(value any, pointer string) (any, bool) { return descend(value, tokens(pointer)) }

// descend follows the tokens of a JSON pointer.
func descend(value any, path []string) (any, bool) {
	for _, token := range path {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[token]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// tokens splits a JSON pointer and unescapes its tokens.
func tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		if strings.Contains(p, "~") {
			parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
		}
	}
	return parts
}

// plain undoes the percent-escapes that the validator puts into pointers.
func plain(pointer string) string {
	if !strings.Contains(pointer, "%") {
		return pointer
	}
	if p, err := url.PathUnescape(pointer); err == nil {
		return p
	}
	return pointer
}

func child(pointer, key string) string { return pointer + "/" + escapeToken(key) }
