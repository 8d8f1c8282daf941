package callback

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/afara-dev/afara/engine/telemetry"
)

// maxAnswer is how much of an answer is kept, in bytes.
const maxAnswer = 4 << 10

// maxHeaderValue is how much of one header is kept, in bytes.
const maxHeaderValue = 256

// keepHeader keeps what helps to explain an answer and nothing that could be a
// credential, such as cookies.
func keepHeader(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range []string{"Content-Type", "Date", "Retry-After", "Server", "Www-Authenticate", "X-Request-Id"} {
		if v := h.Get(name); v != "" {
			kept.Set(name, cut(clean(v), maxHeaderValue))
		}
	}
	if u, err := url.Parse(h.Get("Location")); err == nil && u.Host != "" {
		to := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path} // without query and user
		kept.Set("Location", cut(clean(to.String()), maxHeaderValue))
	}
	return kept
}

// printable makes foreign bytes fit for a text column and a console.
func printable(raw []byte) string { return cut(redact(clean(string(raw))), maxAnswer) }

// minHidden is how long a value of a header must be to be looked for: "1" or
// "true" is no credential, and stands in many answers.
const minHidden = 6

// hide cuts the values of an endpoint's own headers out of an answer that echoes
// them: they may be credentials of any form. One may be cut off at the end.
func hide(answer []byte, headers map[string]string) []byte {
	for _, value := range headers {
		if len(value) < minHidden {
			continue
		}
		answer = bytes.ReplaceAll(answer, []byte(value), []byte("[redacted]"))
		for n := min(len(value), len(answer)); n >= minHidden; n-- {
			if head, ok := bytes.CutSuffix(answer, []byte(value[:n])); ok {
				answer = append(bytes.Clone(head), "[redacted]"...)
				break
			}
		}
	}
	return answer
}

// cut shortens s to at most n bytes and leaves no half character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// clean drops what PostgreSQL's TEXT and terminals do not take: NUL, escapes,
// broken UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// What redact looks for. The last two name the member in their second group.
var (
	shownSecret = regexp.MustCompile(`wh(?:sec|sk)_[A-Za-z0-9+/=_-]*`)
	credentials = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=:-]+`)
	jsonMember  = regexp.MustCompile(`("([^"\\\s]{1,64})"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[0-9]+)`)
	formMember  = regexp.MustCompile(`(\b([A-Za-z0-9_.-]{1,64})=)[^&\s"'<>]+`)
)

// redact cuts out what a receiver may echo or leak into our records: signing
// secrets, credentials of an Authorization header, and JSON or form members
// whose names say secret. A value may be cut off at the end of the text.
func redact(s string) string {
	s = shownSecret.ReplaceAllString(s, "[redacted]")
	s = credentials.ReplaceAllString(s, "$1 [redacted]")
	s = replaceNamed(jsonMember, s, `"`)
	return replaceNamed(formMember, s, "")
}

func replaceNamed(pattern *regexp.Regexp, s, quote string) string {
	return pattern.ReplaceAllStringFunc(s, func(member string) string {
		m := pattern.FindStringSubmatch(member)
		if !telemetry.IsSecretKey(m[2]) {
			return member
		}
		return m[1] + quote + "[redacted]" + quote
	})
}
