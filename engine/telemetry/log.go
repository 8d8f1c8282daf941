package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// NewLogger makes a logger that writes lines of format "text" or "json" with at
// least that level. Values under keys that name secrets print as "[redacted]",
// in groups too.
func NewLogger(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: Redact}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("log format %q: use text or json", format)
}

// Redact is a slog ReplaceAttr that hides the values of keys that name secrets
// and whatever stands in a group of such a name.
func Redact(groups []string, a slog.Attr) slog.Attr {
	if IsSecretKey(a.Key) || slices.ContainsFunc(groups, IsSecretKey) {
		return slog.String(a.Key, "[redacted]")
	}
	return a
}

// IsSecretKey reports whether a key, a header or a field of that name holds a
// secret: one of its words names one. "masterKey", "X-Api-Key" and
// "client_secret" do; "monkey" and "idempotency_key" do not.
func IsSecretKey(name string) bool {
	words := split(name)
	for i, w := range words {
		if slices.Contains(secretWords(), w) {
			return true
		}
		if i > 0 && w == "key" && slices.Contains(keyWords(), words[i-1]) {
			return true
		}
	}
	return false
}

func secretWords() []string {
	return []string{
		"secret", "secrets", "password", "passwd", "passphrase", "authorization",
		"token", "tokens", "credential", "credentials", "cookie", "apikey", "pin", "otp", "bearer",
	}
}

// keyWords make a secret of the "key" after them.
func keyWords() []string {
	return []string{"api", "master", "private", "signing", "subscription", "access", "encryption"}
}

// split cuts a name into lower-case words at separators and at humps, of which
// "APIKey" has one: before the K.
func split(name string) []string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case strings.ContainsRune("_-. /:", r):
			r = ' '
		case isUpper(r) && i > 0 && (!isUpper(rune(name[i-1])) || startsWord(name[i+1:])):
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.Fields(strings.ToLower(b.String()))
}

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' }

func startsWord(rest string) bool { return rest != "" && rest[0] >= 'a' && rest[0] <= 'z' }
