package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// DefaultTimeout bounds a whole request when Request.Timeout is zero.
const DefaultTimeout = 5 * time.Second

// Request is one attempt of one delivery. It prints without its secrets.
type Request struct {
	URL     string
	EventID domain.EventID
	// EventType goes into a header where the format has one.
	EventType string
	// Body is sent and signed byte for byte.
	Body []byte
	// Format of the headers; Body is already in it.
	Format Format
	// Secrets are those of the receiver, the current one first.
	Secrets []string
	// PrivateKey (whsk_) signs in addition; empty for none.
	PrivateKey string
	// Headers are the endpoint's own, which CheckHeaders has passed. None of them
	// can take the place of one that we set.
	Headers map[string]string
	// Timeout covers look-up, connection, TLS, request and answer together.
	Timeout time.Duration
	Policy  Policy
	// Retry says which answers may pass; the zero value is the default's.
	Retry Retry
}

// String names the request by what no secret is part of.
func (r Request) String() string {
	return fmt.Sprintf("%s %s as %s, %d bytes, %d secrets, %d headers", r.EventID, r.EventType, r.Format, len(r.Body), len(r.Secrets), len(r.Headers))
}

// GoString is String: %#v would print the secrets.
func (r Request) GoString() string { return r.String() }

// LogValue keeps the secrets out of slog.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Result is what is recorded of an attempt. Nothing in it but Cause may hold
// a secret or an internal address; Cause is for the log.
type Result struct {
	Class  Class
	Reason Reason
	// Status is 0 when there was no answer.
	Status int
	// Header holds the few headers that help to explain an answer.
	Header http.Header
	// Body is the start of the answer, at most 4 KiB, valid UTF-8, with what
	// looks like a secret cut out; Truncated when there was more.
	Body      string
	Truncated bool
	Duration  time.Duration
	// RetryAfter is what the receiver asked for, 0 for nothing.
	RetryAfter time.Duration
	Cause      error
}

// Gone reports whether the receiver asked to be sent nothing any more.
func (r Result) Gone() bool { return r.Status == http.StatusGone }

// SenderConfig wires a Sender.
type SenderConfig struct {
	Guard *Guard // required
	// UserAgent of every request; default "Afara-Callback/1".
	UserAgent string
	// HeaderPrefix begins the names of the headers of FormatAfara; default
	// DefaultHeaderPrefix. It may not be one that makes them another format's.
	HeaderPrefix string
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Sender makes attempts. It keeps no state and is safe for concurrent use; the
// caller bounds how many run at once.
type Sender struct {
	guard     *Guard
	userAgent string
	prefix    string
	now       func() time.Time
}

// NewSender checks cfg and fills its defaults.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if cfg.Guard == nil {
		return nil, errors.New("callback: Guard is required")
	}
	s := &Sender{guard: cfg.Guard, userAgent: cfg.UserAgent, prefix: cfg.HeaderPrefix, now: cfg.Now}
	if s.prefix == "" {
		s.prefix = DefaultHeaderPrefix
	}
	if err := checkPrefix(s.prefix); err != nil {
		return nil, err
	}
	if s.userAgent == "" {
		s.userAgent = "Afara-Callback/1"
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Send makes one attempt and says how it ended; it never follows a redirect.
// Delivered means a full 2xx: a 2xx that breaks off is sent again, since the
// receiver can drop a known event id but cannot ask for one it lost.
func (s *Sender) Send(ctx context.Context, r Request) Result {
	began := s.now()
	result := s.attempt(ctx, r, began)
	result.Duration = s.now().Sub(began)
	return result
}

func (s *Sender) attempt(ctx context.Context, r Request, at time.Time) Result {
	if err := s.guard.Check(r.URL, r.Policy); err != nil {
		return Result{Class: ClassBlocked, Reason: ReasonBlocked, Cause: err}
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	request, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := s.request(request, r, at)
	if err != nil {
		return Result{Class: ClassRetry, Reason: ReasonSigning, Cause: err}
	}
	// RoundTrip, not a Client: a Client follows redirects and keeps cookies.
	answer, err := s.guard.Transport(r.Policy).RoundTrip(req)
	if err != nil {
		class, reason := classifyError(ctx, err)
		return Result{Class: class, Reason: reason, Cause: err}
	}
	return s.read(ctx, answer, r)
}

func (s *Sender) request(ctx context.Context, r Request, at time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, errors.New("callback: the request cannot be built from its URL")
	}
	for name, value := range r.Headers {
		if !isReserved(name) {
			req.Header.Set(name, value)
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.userAgent)
	// Present but empty, this header is not sent and tells the transport that it
	// may repeat the request when a reused connection turns out to be closed.
	// Callbacks arrive at least once, so a repeat is better than a minute's wait.
	req.Header["Idempotency-Key"] = []string{}
	return req, r.Sign(req.Header, s.prefix, at)
}

func (s *Sender) read(ctx context.Context, answer *http.Response, to Request) Result {
	defer answer.Body.Close()
	class, reason := to.Retry.answers.classify(answer.StatusCode)
	r := Result{Class: class, Reason: reason, Status: answer.StatusCode, Header: keepHeader(answer.Header)}
	r.RetryAfter = parseRetryAfter(answer.Header.Get("Retry-After"), s.now())
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	r.Truncated = len(raw) > maxAnswer
	r.Body = printable(hide(raw[:min(len(raw), maxAnswer)], to.Headers))
	if err != nil && class == ClassDelivered {
		r.Class, r.Reason = classifyError(ctx, err)
		r.Cause = err
	}
	return r // closing a body that was not read to its end drops the connection
}
