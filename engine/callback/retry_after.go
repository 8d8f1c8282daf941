package callback

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter keeps a foreign number from overflowing.
const maxRetryAfter = 7 * 24 * time.Hour

// parseRetryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3); what cannot
// be read or has passed is 0.
func parseRetryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if isDigits(text) {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
