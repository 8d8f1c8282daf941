package callback

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxDepth is how deep data may nest whose keys are renamed.
const maxDepth = 64

var errTooDeep = fmt.Errorf("data nests deeper than %d", maxDepth)

// checkJSON must pass before any of the functions below: they take JSON for
// granted.
func checkJSON(data []byte) error {
	if !json.Valid(data) {
		return errors.New("data is not JSON")
	}
	return nil
}

// isForeign reports whether what stands under a key is not ours to rename: an
// operator's own answer, or what the integrator noted.
func isForeign(key string) bool { return key == "raw" || key == "metadata" }

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)
	camelCase = regexp.MustCompile(`^[a-z][a-z0-9]*[A-Z][a-zA-Z0-9]*$`)
)

// camel makes invoiceNumber of invoice_number. Any other key is nobody's
// snake_case, e.g. a code that stands for itself, and stays.
func camel(key string) string {
	if !snakeCase.MatchString(key) {
		return key
	}
	words := strings.Split(key, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// snake makes invoice_number of invoiceNumber, and tax_id of taxID.
func snake(key string) string {
	if !camelCase.MatchString(key) {
		return key
	}
	var b strings.Builder
	for i, c := range []byte(key) {
		if isUpper(c) && (!isUpper(key[i-1]) || i+1 < len(key) && isLower(key[i+1])) {
			b.WriteByte('_')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String())
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

// renameKeys appends data with its keys renamed and everything else, order,
// numbers and blanks, as it was. A key keeps its spelling where the new one is
// taken in its object. What is foreign passes whole.
func renameKeys(out, data []byte, rename func(string) string, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	var err error
	list := elements(data)
	names := namesOf(list, rename)
	last := 0
	for i, e := range list {
		if names[i] != e.key {
			out = quote(append(out, data[last:e.keyAt]...), names[i])
			last = e.keyEnd
		}
		if isForeign(e.key) {
			continue
		}
		out = append(out, data[last:e.at]...)
		if out, err = renameKeys(out, e.value, rename, depth+1); err != nil {
			return nil, err
		}
		last = e.at + len(e.value)
	}
	return append(out, data[last:]...), nil
}

// renameMember appends the value of a member with its keys renamed.
func renameMember(out []byte, m element, rename func(string) string, depth int) ([]byte, error) {
	if isForeign(m.key) {
		return append(out, m.value...), nil
	}
	return renameKeys(out, m.value, rename, depth)
}

func namesOf(list []element, rename func(string) string) []string {
	names := make([]string, len(list))
	taken := make(map[string]bool, len(list))
	for i, e := range list {
		if names[i] = rename(e.key); names[i] == e.key {
			taken[e.key] = true
		}
	}
	for i, e := range list {
		if names[i] != e.key && taken[names[i]] {
			names[i] = e.key
		}
		taken[names[i]] = true
	}
	return names
}
