package callback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Class says what an attempt means for its delivery.
type Class string

const (
	// ClassDelivered: the receiver answered 2xx in full.
	ClassDelivered Class = "delivered"
	// ClassRetry: the receiver may take it later.
	ClassRetry Class = "retry"
	// ClassRefused: the receiver does not want it, and would not later.
	ClassRefused Class = "refused"
	// ClassBlocked: the guard did not let it out; only a change of the URL or of
	// the settings helps.
	ClassBlocked Class = "blocked"
)

// Reason says why an attempt was not delivered.
type Reason string

const (
	ReasonStatus   Reason = "status"   // the status says so
	ReasonRedirect Reason = "redirect" // a 3xx, which is never followed
	ReasonDNS      Reason = "dns"
	ReasonConnect  Reason = "connect"
	ReasonTLS      Reason = "tls"
	ReasonTimeout  Reason = "timeout"
	ReasonReset    Reason = "reset"    // the connection ended too early
	ReasonProtocol Reason = "protocol" // the answer is not HTTP
	ReasonBlocked  Reason = "blocked"
	ReasonSigning  Reason = "signing" // our secret is unusable; nothing was sent
	ReasonFormat   Reason = "format"  // the event cannot be told in the endpoint's format
	// ReasonDeleted and ReasonDisabled: the endpoint was there no more, or not
	// active, when the delivery came due; nothing was sent.
	ReasonDeleted  Reason = "webhook_deleted"
	ReasonDisabled Reason = "webhook_disabled"
	// ReasonCanceled: our own side gave up, e.g. to shut down. It is nobody's
	// attempt: spend none on it.
	ReasonCanceled Reason = "canceled"
)

// answers says which refusals a receiver may take back.
type answers int

const (
	// answersUsual: a server's fault, and what asks for patience.
	answersUsual answers = iota
	// answersServer: a server's fault only.
	answersServer
	// answersAny: whatever is not 2xx.
	answersAny
)

// classify reads a full answer. A 410 is the last word under every policy, and a
// redirect is never followed, whatever it counts as.
func (a answers) classify(status int) (Class, Reason) {
	reason := ReasonStatus
	if status >= 300 && status < 400 {
		reason = ReasonRedirect
	}
	switch {
	case status >= 200 && status < 300:
		return ClassDelivered, ""
	case status != http.StatusGone && a.again(status):
		return ClassRetry, reason
	}
	return ClassRefused, reason
}

func (a answers) again(status int) bool {
	switch {
	case status >= 500, a == answersAny:
		return true
	case a == answersServer:
		return false
	}
	return status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests
}

// classifyError reads a request that got no full answer. caller is the context
// of Send's caller, without the request's own timeout.
func classifyError(caller context.Context, err error) (Class, Reason) {
	var guard *BlockedError
	switch {
	case errors.As(err, &guard):
		return ClassBlocked, ReasonBlocked
	case caller.Err() != nil:
		return ClassRetry, ReasonCanceled
	}
	return ClassRetry, networkReason(err)
}

func networkReason(err error) Reason {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return ReasonDNS
	case isTimeout(err):
		return ReasonTimeout
	case isTLS(err):
		return ReasonTLS
	case errors.As(err, &op) && op.Op == "dial":
		return ReasonConnect
	case isReset(err):
		return ReasonReset
	}
	return ReasonProtocol
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var ech *tls.ECHRejectionError
	var unknown x509.UnknownAuthorityError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &ech) || errors.As(err, &unknown) || errors.Is(err, http.ErrSchemeMismatch)
}

func isReset(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
