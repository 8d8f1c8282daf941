package callback

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// Limits of an endpoint's own headers.
const (
	maxHeaders     = 20
	maxCustomName  = 100
	maxCustomValue = 1024
)

// reservedHeaders are set by us, or change how a request is read.
var reservedHeaders = []string{
	"accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
	"idempotency-key", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
}

// isReserved reports whether a header is not an endpoint's to set: those above
// and whatever looks like a signature or like a header of a payload format.
func isReserved(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"webhook-", "x-finora-", "x-sandpay-", "proxy-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	bare := strings.TrimSuffix(name, strings.ToLower(previousSuffix))
	return strings.HasSuffix(bare, "signature") || slices.Contains(reservedHeaders, name)
}

// CheckHeaders finds the faults of the headers that an endpoint wants with each
// request, in the order of their names. Pointers begin with /headers; details
// hold no value, which may be a credential.
func CheckHeaders(headers map[string]string) []domain.FieldError {
	var faults []domain.FieldError
	if len(headers) > maxHeaders {
		faults = append(faults, domain.FieldError{
			Pointer: "/headers", Code: "max_properties", Detail: fmt.Sprintf("has more than %d entries", maxHeaders), Fix: "remove some",
		})
	}
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fault := checkHeader(name, headers[name])
		if fault == nil && seen[strings.ToLower(name)] {
			fault = &domain.FieldError{Code: "unique", Detail: "stands there twice: case does not count in names of headers", Fix: "give it once"}
		}
		seen[strings.ToLower(name)] = true
		if fault != nil {
			fault.Pointer = "/headers/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(clean(cut(name, maxCustomName)))
			faults = append(faults, *fault)
		}
	}
	return faults
}

func checkHeader(name, value string) *domain.FieldError {
	switch {
	case !isToken(name):
		return &domain.FieldError{Code: "header_name", Detail: "is not a name of a header", Fix: "use letters, digits and hyphens"}
	case len(name) > maxCustomName:
		return &domain.FieldError{Code: "max_length", Detail: fmt.Sprintf("has a name longer than %d characters", maxCustomName), Fix: "shorten it"}
	case isReserved(name):
		return &domain.FieldError{Code: "reserved", Detail: "is a header that we set, or one that must not be set", Fix: "choose another name"}
	case len(value) > maxCustomValue:
		return &domain.FieldError{Code: "max_length", Detail: fmt.Sprintf("has a value longer than %d bytes", maxCustomValue), Fix: "shorten it"}
	case value == "" || strings.Trim(value, " ") != value:
		return &domain.FieldError{Code: "blank", Detail: "has a value that is empty, or begins or ends with a blank", Fix: "trim it"}
	case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }):
		return &domain.FieldError{Code: "header_value", Detail: "has a value with other characters than printable ASCII", Fix: "encode it, e.g. as base64"}
	}
	return nil
}

// isToken reports whether s is a token (RFC 9110, 5.6.2), as names of headers are.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !isLower(byte(c)) && !isUpper(byte(c)) && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c) || c > '~'
	})
}

// checkPrefix refuses a prefix whose headers could not be told from others.
func checkPrefix(prefix string) error {
	name := strings.ToLower(prefix) + "signature"
	for _, other := range []string{"webhook-", "x-finora-", "x-sandpay-"} {
		if name == other+"signature" {
			return fmt.Errorf("callback: HeaderPrefix %q makes %s, which is a header of its own", prefix, name)
		}
	}
	if !isToken(prefix) || len(prefix) > maxCustomName {
		return fmt.Errorf("callback: HeaderPrefix %.40q is not the begin of a header's name: use letters, digits and hyphens, such as X-Acme-", prefix)
	}
	return nil
}
