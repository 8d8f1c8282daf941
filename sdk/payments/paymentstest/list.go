package paymentstest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"github.com/afara-dev/afara/sdk/payments"
)

// list answers the newest first. A cursor is the number of the last one shown, so
// that what comes in between moves nothing.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query, limit, before := r.URL.Query(), 50, len(s.records)
	fields := map[string][]string{}
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			fields["limit"] = []string{"must be 1 to 100"}
		}
		limit = n
	}
	if text := query.Get("cursor"); text != "" {
		number, err := base64.RawURLEncoding.DecodeString(text)
		n, wrong := strconv.Atoi(string(number))
		if err != nil || wrong != nil || n < 0 || n > before {
			fields["cursor"] = []string{"is not one of this listing"}
		}
		before = n
	}
	if status := payments.Status(query.Get("status")); status != "" && !slices.Contains(payments.Statuses(), status) {
		fields["status"] = []string{"is unknown"}
	}
	if len(fields) > 0 {
		faulty(w, payments.CodeInvalidParams, fields)
		return
	}
	data, next := []any{}, any(nil)
	for i := before - 1; i >= 0; i-- {
		p := s.records[i]
		if !matches(p, query.Get) {
			continue
		}
		if len(data) == limit {
			next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(i + 1)))
			break
		}
		data = append(data, shown(p))
	}
	answer(w, http.StatusOK, map[string]any{"data": data, "hasMore": next != nil, "nextCursor": next})
}

func matches(p *record, want func(string) string) bool {
	for name, is := range map[string]string{
		"country": p.Country, "operator": p.Operator, "status": string(p.Status), "type": string(p.Type), "order": p.OrderRef,
	} {
		if w := want(name); w != "" && w != is {
			return false
		}
	}
	return true
}
