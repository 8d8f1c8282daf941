package httpapi

import (
	"net/http"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

var (
	errNoKey = &domain.Error{Kind: domain.KindUnauthenticated, Code: "unauthenticated",
		Detail: `This route needs an API key: send "Authorization: Bearer keyId:secret".`}
	errNotBearer = &domain.Error{Kind: domain.KindUnauthenticated, Code: errNoKey.Code,
		Detail: `The Authorization header is not one "Bearer keyId:secret".`}
	errScope = &domain.Error{Kind: domain.KindForbidden, Code: "scope_missing"}
)

// authenticate says who calls, and refuses a key without the route's scope.
func (a *api) authenticate(r *http.Request, scope domain.Scope) (domain.Principal, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return domain.Principal{}, errNoKey
	}
	bearer, ok := bearerOf(values)
	if !ok {
		return domain.Principal{}, errNotBearer
	}
	p, err := a.cfg.Keys.Authenticate(r.Context(), bearer)
	if err != nil {
		return p, err
	}
	if !p.May(scope) {
		e := errScope.Detailed("This route needs a key with the scope " + string(scope) + ": make one with `afara keys create`.")
		e.Extra = map[string]any{"scope": string(scope)}
		return p, e
	}
	return p, nil
}

// bearerOf reads the one Authorization header. The scheme's case does not
// matter (RFC 9110); two headers are an attempt to be two callers.
func bearerOf(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	token = strings.Trim(token, " ")
	return token, token != ""
}
