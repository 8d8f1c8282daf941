package rehearsal

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// minSecret is the shortest value that is masked wherever it stands; shorter
// ones would hide ordinary text.
const minSecret = 6

// secretForms are what the secrets of settings look like in texts, the longest
// first, so that masking one does not leave the tail of another.
func secretForms(m *schemas.Manifest, settings map[string]any) []string {
	raw, err := json.Marshal(settings)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range schemas.SecretTexts(m.Settings, raw) {
		if len(s) < minSecret {
			continue
		}
		quoted, _ := json.Marshal(s) // of a text: cannot fail
		out = append(out, s, strings.Trim(string(quoted), `"`), url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)))
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

func mask(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, sdk.Redacted)
	}
	return text
}

// secretHeader are the headers whose values are never kept.
var secretHeader = regexp.MustCompile(`(?i)auth|cookie|key|token|secret|signature|password|credential`)

// redactHeader keeps the names, and the values that are no secrets. A recording
// is compared by neither.
func redactHeader(h http.Header, secrets []string) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		value := mask(strings.Join(values, ", "), secrets)
		if secretHeader.MatchString(name) {
			value = sdk.Redacted
		}
		out[name] = value
	}
	return out
}

// redactTarget masks a path and its query.
func redactTarget(u *url.URL, secrets []string) string {
	out := mask(u.EscapedPath(), secrets)
	if u.RawQuery == "" {
		return out
	}
	var parts []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if secretHeader.MatchString(name) {
			value = sdk.Redacted
		}
		parts = append(parts, name+"="+mask(value, secrets))
	}
	return out + "?" + strings.Join(parts, "&")
}

func redactBody(body []byte, secrets []string) []byte { return sdk.Redact(body, secrets...) }
