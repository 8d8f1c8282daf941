package httpclient

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk"
)

// Response is a vendor's answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	leave   *leave
	secrets []string
	now     func() time.Time
}

// JSON decodes the body. What it cannot read is an error as of Failure: an
// answer to a request with an effect that cannot be read proves nothing.
func (r *Response) JSON(into any) error {
	if err := json.Unmarshal(r.Body, into); err != nil {
		return r.error(r.doubt(sdk.Unavailable), "vendor_answer_unreadable", "the vendor's answer is not the expected JSON", err)
	}
	return nil
}

// RetryAfter is how long the vendor asks to wait, from seconds or a date; zero
// when it does not say.
func (r *Response) RetryAfter() time.Duration { return RetryAfter(r.Header, r.now()) }

// Failure classes an answer by its HTTP status alone; nil below 300, else an
// *sdk.Error that carries the answer, masked. It is where a connector starts: a vendor that says more in its body deserves a
// better reading.
//
// 429 is rate_limited. 401 and 403 are unauthorized, 404 and 405 misconfigured:
// the connection pauses rather than an invoice being refused for a wrong
// address. 408, 409, 425 and 5xx leave a request with an effect in doubt, as
// does a redirect; without effect they are unavailable (a redirect is
// misconfigured). Any other 4xx is rejected.
//
// When an effect had begun in this call before the request that this answers,
// every class is unknown_outcome: the answer says nothing about that effect.
func (r *Response) Failure() error {
	class, code := r.class()
	if class == "" {
		return nil
	}
	if r.leave.later() {
		class = sdk.UnknownOutcome
	}
	return r.error(class, code, "the vendor answered "+strconv.Itoa(r.Status)+" "+http.StatusText(r.Status), nil)
}

func (r *Response) class() (sdk.Class, string) {
	switch s := r.Status; {
	case s < 300:
		return "", ""
	case s < 400:
		return r.doubt(sdk.Misconfigured), "vendor_redirected"
	case s == http.StatusTooManyRequests:
		return sdk.RateLimited, "vendor_rate_limit"
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return sdk.Unauthorized, "vendor_unauthorized"
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed:
		return sdk.Misconfigured, "vendor_path_unknown"
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooEarly, s >= 500:
		return r.doubt(sdk.Unavailable), "vendor_unavailable"
	}
	return sdk.Rejected, "vendor_refused"
}

// doubt is UnknownOutcome once an effect has begun in this call, else class.
func (r *Response) doubt(class sdk.Class) sdk.Class {
	if r.leave.tracker.Began() {
		return sdk.UnknownOutcome
	}
	return class
}

// Error makes an error of the given class that carries the answer, masked, and
// the vendor's Retry-After.
func (r *Response) Error(class sdk.Class, code, message string) *sdk.Error {
	return r.error(class, code, message, nil)
}

func (r *Response) error(class sdk.Class, code, message string, cause error) *sdk.Error {
	return &sdk.Error{
		Class: class, Code: code, Message: message, Cause: cause,
		VendorCode: strconv.Itoa(r.Status), VendorAnswer: sdk.Redact(r.Body, r.secrets...),
		RetryAfter: r.RetryAfter(),
	}
}

// RetryAfter reads both forms of the header Retry-After (RFC 9110, section
// 10.2.3); zero when it is absent, past or unreadable.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

var errTooLong = errors.New("the answer is longer than allowed")

func (c *Client) read(l *leave, answer *http.Response) (*Response, error) {
	raw, err := io.ReadAll(io.LimitReader(answer.Body, c.options.MaxResponse+1))
	if err == nil && int64(len(raw)) > c.options.MaxResponse {
		err = errTooLong
	}
	if err != nil {
		return nil, c.failed(l, err)
	}
	return &Response{
		Status: answer.StatusCode, Header: answer.Header, Body: raw,
		leave: l, secrets: c.options.Secrets, now: c.options.Now,
	}, nil
}

// failed classes the lack of an answer. What counts is whether an effect has
// begun anywhere in this call, not in this request: a later question that fails
// must not read as "nothing happened".
func (c *Client) failed(l *leave, err error) *sdk.Error {
	begun, refused := l.state()
	switch {
	case begun:
		return sdk.UnknownOutcomef("no_answer", "the request went out and no answer came: %w", bare(err))
	case l.tracker.Began() && refused != nil:
		return sdk.UnknownOutcomef("second_effect", "%w", refused)
	case l.tracker.Began():
		return sdk.UnknownOutcomef("no_answer", "an effect had begun and a later request got no answer: %w", bare(err))
	case refused != nil:
		return sdk.Unavailablef("not_started", "%w", refused)
	}
	return sdk.Unavailablef("vendor_unreachable", "no answer from the vendor: %w", bare(err))
}

// bare takes the URL out of an error of net/http: its query may hold a key.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
