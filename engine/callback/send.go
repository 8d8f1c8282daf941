package callback

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// DefaultTimeout bounds a whole request when Request.Timeout is zero.
const DefaultTimeout = 5 * time.Second

// Request is one attempt of one delivery.
type Request struct {
	URL     string
	EventID domain.EventID
	// Body is sent and signed byte for byte.
	Body []byte
	// Secrets are those of the environment, the current one first.
	Secrets []string
	// Timeout covers look-up, connection, TLS, request and answer together.
	Timeout time.Duration
	Policy  Policy
}

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

// SenderConfig wires a Sender.
type SenderConfig struct {
	Guard *Guard // required
	// UserAgent of every request; default "Afara-Callback/1".
	UserAgent string
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Sender makes attempts. It keeps no state and is safe for concurrent use; the
// caller bounds how many run at once.
type Sender struct {
	guard     *Guard
	userAgent string
	now       func() time.Time
}

// NewSender checks cfg and fills its defaults.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if cfg.Guard == nil {
		return nil, errors.New("callback: Guard is required")
	}
	s := &Sender{guard: cfg.Guard, userAgent: cfg.UserAgent, now: cfg.Now}
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
	return s.read(ctx, answer)
}

func (s *Sender) request(ctx context.Context, r Request, at time.Time) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, errors.New("callback: the request cannot be built from its URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", s.userAgent)
	// Present but empty, this header is not sent and tells the transport that it
	// may repeat the request when a reused connection turns out to be closed.
	// Callbacks arrive at least once, so a repeat is better than a minute's wait.
	req.Header["Idempotency-Key"] = []string{}
	return req, Sign(req.Header, r.Secrets, string(r.EventID), at, r.Body)
}

func (s *Sender) read(ctx context.Context, answer *http.Response) Result {
	defer answer.Body.Close()
	class, reason := classifyStatus(answer.StatusCode)
	r := Result{Class: class, Reason: reason, Status: answer.StatusCode, Header: keepHeader(answer.Header)}
	r.RetryAfter = parseRetryAfter(answer.Header.Get("Retry-After"), s.now())
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	r.Truncated = len(raw) > maxAnswer
	r.Body = printable(raw[:min(len(raw), maxAnswer)])
	if err != nil && class == ClassDelivered {
		r.Class, r.Reason = classifyError(ctx, err)
		r.Cause = err
	}
	return r // closing a body that was not read to its end drops the connection
}
