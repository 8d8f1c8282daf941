// Package irn makes and reads Invoice Reference Numbers:
// {invoice number}-{service id}-{YYYYMMDD of the issue date}. The taxpayer's
// side makes the number before it calls the tax authority, which knows an
// invoice by it for ever.
package irn

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxLength is the longest IRN that is known to be accepted.
const MaxLength = 50

// ErrTemplate is why a template cannot be used.
var ErrTemplate = errors.New("irn template is not usable")

// ErrInput is why no IRN can be made of a reference key and a date.
var ErrInput = errors.New("no irn can be made")

// Template makes the IRNs of one business. The zero value makes none.
type Template struct {
	serviceID string
}

// ForService is the template of a service id: 8 letters or digits.
func ForService(id string) (Template, error) {
	if len(id) != 8 || !alphanumeric(id) {
		return Template{}, fmt.Errorf("%w: a service id is 8 letters or digits", ErrTemplate)
	}
	return Template{serviceID: id}, nil
}

// Parse reads the template that the authority issues with a business, e.g.
// {{invoice_id(e.g:INV00XXX)}}-59854B81-{{YYYYMMDD(e.g:20250629)}}. Only this
// order of its three parts is known; another is refused rather than guessed.
func Parse(text string) (Template, error) {
	rest, found := placeholder(strings.TrimSpace(text), "invoice_id")
	if !found || !strings.HasPrefix(rest, "-") {
		return Template{}, fmt.Errorf("%w: it begins with {{invoice_id}}- and the service id", ErrTemplate)
	}
	id, rest, found := strings.Cut(rest[1:], "-")
	if !found {
		return Template{}, fmt.Errorf("%w: it has the form {{invoice_id}}-<service id>-{{YYYYMMDD}}", ErrTemplate)
	}
	if rest, found = placeholder(rest, "YYYYMMDD"); !found || rest != "" {
		return Template{}, fmt.Errorf("%w: it ends with {{YYYYMMDD}}", ErrTemplate)
	}
	return ForService(id)
}

// placeholder takes {{name...}} off the front of text.
func placeholder(text, name string) (rest string, found bool) {
	inside, found := strings.CutPrefix(text, "{{")
	if !found {
		return "", false
	}
	inside, rest, found = strings.Cut(inside, "}}")
	return rest, found && strings.HasPrefix(inside, name)
}

// ServiceID is the middle part.
func (t Template) ServiceID() string { return t.serviceID }

// Format makes the IRN of a reference key (capital letters and digits) and an
// issue date (YYYY-MM-DD). The same input gives the same IRN. Errors wrap
// ErrInput.
func (t Template) Format(key, issueDate string) (string, error) {
	if !capital(key) {
		return "", fmt.Errorf("%w: the reference key holds capital letters and digits only", ErrInput)
	}
	day, err := time.Parse(time.DateOnly, issueDate)
	if err != nil {
		return "", fmt.Errorf("%w: the issue date is a real date, written YYYY-MM-DD", ErrInput)
	}
	irn := key + "-" + t.serviceID + "-" + day.Format("20060102")
	if len(irn) > MaxLength {
		return "", fmt.Errorf("%w: it would have %d characters, %d are allowed", ErrInput, len(irn), MaxLength)
	}
	return irn, nil
}

// Check reports why text is no IRN: its form, its length or its date.
func Check(text string) error {
	parts := strings.Split(text, "-")
	if len(text) > MaxLength || len(parts) != 3 || parts[0] == "" || len(parts[1]) != 8 || len(parts[2]) != 8 ||
		!alphanumeric(parts[0]) || !alphanumeric(parts[1]) {
		return errors.New("an irn has the form <number>-<service id>-<YYYYMMDD>")
	}
	if _, err := time.Parse("20060102", parts[2]); err != nil {
		return errors.New("an irn ends with a real date")
	}
	return nil
}

func capital(s string) bool { return s != "" && s == strings.ToUpper(s) && alphanumeric(s) }

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
