package operation

import (
	"regexp"

	"github.com/afara-dev/afara/engine/domain"
)

// codePattern is what a code of ours looks like.
var codePattern = regexp.MustCompile(`^[a-z0-9_]+$`)

// kindOf says what a class is to whoever asked.
func kindOf(c domain.Class) domain.Kind {
	switch c {
	case domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported:
		return domain.KindInvalid
	case domain.ClassUnauthorized, domain.ClassMisconfigured:
		return domain.KindConflict
	case domain.ClassRateLimited:
		return domain.KindTooManyRequests
	case domain.ClassUnavailable, domain.ClassUnknownOutcome:
		return domain.KindUnavailable
	default:
		return domain.KindInternal
	}
}

// advice is what can be done about each class.
var advice = map[domain.Class]string{
	domain.ClassInvalid:        "Mend the request and send it again.",
	domain.ClassRejected:       "The vendor said no.",
	domain.ClassUnsupported:    "The connector cannot do it.",
	domain.ClassUnauthorized:   "The vendor refuses the connection, which is paused until its test passes: mend its settings.",
	domain.ClassMisconfigured:  "The connection's settings do not work, and it is paused until its test passes: mend them.",
	domain.ClassRateLimited:    "Send it again after the time in Retry-After.",
	domain.ClassUnavailable:    "Send it again after the time in Retry-After.",
	domain.ClassUnknownOutcome: "Nobody knows what became of it; it has no effect, so send it again.",
	domain.ClassInternal:       "The connector failed. Its log says why.",
}

// Refusal is a connector's classed error as the caller is told it.
func Refusal(class domain.Class, c *domain.ConnectorError) error {
	if class == outcomeNotDone {
		return ErrNotDone
	}
	if c == nil {
		c = &domain.ConnectorError{Class: class, Code: "unspecified"}
	}
	e := &domain.Error{
		Kind: kindOf(class), Code: c.Code, Detail: advice[class], RetryAfter: c.RetryAfter,
		Extra: map[string]any{"class": string(class), "connectorCode": c.Code, "message": c.Message},
	}
	if !codePattern.MatchString(e.Code) {
		e.Code = "operation_" + string(class)
	}
	if c.Message != "" {
		e.Detail = c.Message + ". " + e.Detail
	}
	if c.VendorCode != "" {
		e.Extra["vendorCode"] = c.VendorCode
	}
	if c.VendorText != "" {
		e.Extra["vendorText"] = c.VendorText
	}
	for _, f := range c.Fields {
		if f.Code == "" {
			f.Code = string(class)
		}
		if f.Detail == "" {
			f.Detail = e.Detail
		}
		e.Fields = append(e.Fields, f)
	}
	return e
}
