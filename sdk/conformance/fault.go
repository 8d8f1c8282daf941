package conformance

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// fault is why a check fails, in three parts.
type fault struct{ want, got, fix string }

// wrong says what was expected, what came and what to do. Each is a sentence or
// the better part of one.
func wrong(want, got, fix string) error { return &fault{want, got, fix} }

func (f *fault) Error() string {
	return fmt.Sprintf("expected %s; got %s. %s", f.want, f.got, f.fix)
}

// notApplicable ends a check that has nothing to look at.
type notApplicable struct{ why string }

func skip(format string, args ...any) error { return &notApplicable{fmt.Sprintf(format, args...)} }

func (n *notApplicable) Error() string { return n.why }

// verdict turns what a check returned into a status and its reason.
func verdict(err error) (Status, string) {
	var n *notApplicable
	switch {
	case err == nil:
		return Pass, ""
	case errors.As(err, &n):
		return Skip, n.why
	}
	return Fail, err.Error()
}

// maxShown bounds what a reason quotes, in bytes.
const maxShown = 300

func shorten(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}

// said is an answer of a call in words.
func said(result []byte, e *connectorpb.Error, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("the gRPC status %s (%s)", status.Code(err), shorten(status.Convert(err).Message()))
	case e != nil:
		return "the error " + worded(e)
	case result == nil:
		return "neither a result nor an error"
	}
	return "the result " + shorten(string(result))
}

func worded(e *connectorpb.Error) string {
	return shorten(fmt.Sprintf("%s, code %q: %s", className(e.GetClass()), e.GetCode(), e.GetMessage()))
}

func className(c connectorpb.Class) string {
	return strings.ToLower(strings.TrimPrefix(c.String(), "CLASS_"))
}
