package httpapi

import (
	"context"
	"net/http"

	"github.com/afara-dev/afara/engine/domain"
)

// contextKey is private, so that only this package puts things there.
type contextKey int

const (
	keyCall contextKey = iota
)

// call is what the edge knows of one request, for its log line, its metrics
// and its problems. One value per request: the layers fill it as they go.
type call struct {
	id        string
	principal domain.Principal
}

func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(keyCall).(*call)
	if !ok {
		return &call{}
	}
	return c
}

func requestID(ctx context.Context) string { return callOf(ctx).id }

// principal is who calls; the zero value on public routes.
func principal(r *http.Request) domain.Principal { return callOf(r.Context()).principal }

// actor is whom the audit names: the caller's key.
func actor(r *http.Request) string { return string(principal(r).Key) }

const headerRequestID = "X-Request-Id"

// chooseID takes the caller's request id when it is fit for logs and headers.
func chooseID(offered string) string {
	if len(offered) < 8 || len(offered) > 64 {
		return string(domain.NewID[domain.RequestID](domain.PrefixRequest))
	}
	for i := range len(offered) {
		switch c := offered[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return string(domain.NewID[domain.RequestID](domain.PrefixRequest))
		}
	}
	return offered
}
