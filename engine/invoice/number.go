package invoice

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Normalise makes the reference key of an invoice number by the connector's
// rule. Two numbers with one key would get one IRN, so the key, not the
// number, is what must be unique. It answers an error when nothing is left,
// when too much is left, or when what is left breaks the rule's pattern.
func Normalise(number string, rule schemas.ReferenceKey) (string, *domain.FieldError) {
	key := fold(strip(number, rule.Strip), rule.Case)
	switch length := utf8.RuneCountInString(key); {
	case length == 0:
		return "", numberError("number_empty",
			"The invoice number has nothing left once separators are taken out.",
			"Put at least one letter or digit into the number.")
	case rule.MaxLength > 0 && length > rule.MaxLength:
		return "", numberError("number_too_long",
			fmt.Sprintf("The invoice number has %d characters without separators; at most %d are allowed.", length, rule.MaxLength),
			fmt.Sprintf("Shorten the number to %d letters and digits.", rule.MaxLength))
	case !matchesWhole(key, rule.Pattern):
		return "", numberError("number_characters",
			"The invoice number holds a character that the authority refuses.",
			fmt.Sprintf("Use letters and digits; these separators are dropped: %s.", separators(rule.Strip)))
	}
	return key, nil
}

func strip(s, cut string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(cut, r) {
			return -1
		}
		return r
	}, s)
}

func fold(s, to string) string {
	switch to {
	case "upper":
		return strings.ToUpper(s)
	case "lower":
		return strings.ToLower(s)
	}
	return s
}

// matchesWhole compiles the pattern each time: patterns of a manifest are
// short, and a cache would outlive the manifest that it came from.
func matchesWhole(s, pattern string) bool {
	if pattern == "" || pattern == alphanumericPattern {
		return pattern == "" || alphanumeric(s)
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	return err == nil && re.MatchString(s)
}

// alphanumericPattern is the one every authority so far asks for; it is
// answered without the price of compiling it for every invoice.
const alphanumericPattern = "^[A-Z0-9]+$"

func alphanumeric(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func separators(cut string) string {
	if cut == "" {
		return "none"
	}
	names := make([]string, 0, len(cut))
	for _, r := range cut {
		if r == ' ' {
			names = append(names, "blank")
			continue
		}
		names = append(names, string(r))
	}
	return strings.Join(names, " ")
}

func numberError(code, detail, fix string) *domain.FieldError {
	return &domain.FieldError{Pointer: "/invoice_number", Code: code, Detail: detail, Fix: fix}
}
