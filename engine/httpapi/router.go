package httpapi

import "net/http"

func (a *api) router() (http.Handler, error) { return http.NotFoundHandler(), nil }
