package tenant

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// maxName is the longest name or description, in characters.
const maxName = 200

func checkName(pointer, name string) *domain.FieldError {
	switch {
	case strings.TrimSpace(name) == "":
		return &domain.FieldError{Pointer: pointer, Code: "required", Detail: "is empty", Fix: "give a name"}
	case name != strings.TrimSpace(name):
		return &domain.FieldError{Pointer: pointer, Code: "blank", Detail: "begins or ends with a blank", Fix: "trim it"}
	default:
		return checkText(pointer, name)
	}
}

func checkText(pointer, text string) *domain.FieldError {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return &domain.FieldError{Pointer: pointer, Code: "text", Detail: "holds control characters or is not UTF-8", Fix: "use plain text"}
	case utf8.RuneCountInString(text) > maxName:
		return &domain.FieldError{Pointer: pointer, Code: "max_length", Detail: fmt.Sprintf("is longer than %d characters", maxName), Fix: "shorten it"}
	}
	return nil
}

func (n NewEnvironment) check() []*domain.FieldError {
	return []*domain.FieldError{
		checkName("/name", n.Name),
		oneOf("/kind", n.Kind, domain.Sandbox, domain.Production),
		checkMode(n.Mode),
		n.checkLoopback(),
	}
}

// checkMode refuses what would be another way of an invoice than its name says.
func checkMode(mode domain.InvoiceMode) *domain.FieldError {
	if mode == domain.ModeAP || mode == domain.ModeHybrid {
		return &domain.FieldError{Pointer: "/mode", Code: "unsupported", Detail: "this release registers invoices and does not transmit them yet", Fix: "use SI"}
	}
	return oneOf("/mode", mode, domain.ModeSI)
}

// checkLoopback keeps the opening for development out of production, where
// loopback is where the engine's own unguarded neighbours listen.
func (n NewEnvironment) checkLoopback() *domain.FieldError {
	if n.AllowLoopback && n.Kind == domain.Production {
		return &domain.FieldError{
			Pointer: "/allowLoopback", Code: "sandbox_only",
			Detail: "a production environment must not send callbacks to loopback addresses",
			Fix:    "leave it off, or use a sandbox environment",
		}
	}
	return nil
}

func checkScopes(scopes []domain.Scope) *domain.FieldError {
	if len(scopes) == 0 {
		return &domain.FieldError{Pointer: "/scopes", Code: "required", Detail: "is empty", Fix: "give one or more of: read, write, ops"}
	}
	for i, s := range scopes {
		pointer := fmt.Sprintf("/scopes/%d", i)
		if bad := oneOf(pointer, s, domain.ScopeRead, domain.ScopeWrite, domain.ScopeOps); bad != nil {
			return bad
		}
		if slices.Contains(scopes[:i], s) {
			return &domain.FieldError{Pointer: pointer, Code: "unique", Detail: "stands there twice", Fix: "name each scope once"}
		}
	}
	return nil
}

func oneOf[T ~string](pointer string, got T, allowed ...T) *domain.FieldError {
	if slices.Contains(allowed, got) {
		return nil
	}
	return &domain.FieldError{
		Pointer: pointer, Code: "enum", Detail: fmt.Sprintf("%q is not known", string(got)),
		Fix: fmt.Sprintf("use one of %v", allowed),
	}
}

// invalid gathers all faults in one error; nil when there are none.
func invalid(faults ...*domain.FieldError) error {
	var fields []domain.FieldError
	for _, f := range faults {
		if f != nil {
			fields = append(fields, *f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = strings.TrimPrefix(f.Pointer, "/") + " " + f.Detail + " (" + f.Fix + ")"
	}
	return &domain.Error{
		Kind: domain.KindInvalid, Code: "invalid",
		Detail: strings.Join(parts, "; "), Fields: fields,
	}
}

// failed wraps an error of the store so that the edge can tell what is away
// from what is in the way.
func failed(doing string, err error) error {
	switch {
	case errors.Is(err, store.ErrConflict):
		return ErrNameTaken
	case errors.Is(err, store.ErrUnavailable):
		return fmt.Errorf("%s: %w", doing, ErrUnavailable.With(err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func notFound(doing string, err error, absent *domain.Error) error {
	if errors.Is(err, store.ErrNotFound) {
		return absent
	}
	return failed(doing, err)
}

// truncate gives a time as SQL keeps it, so that what is answered at creation
// equals what is read later.
func truncate(t time.Time) time.Time { return domain.FromMicros(domain.Micros(t)) }
