package httpapi

import "net/http"

// api holds what the handlers need.
type api struct {
	cfg Config
}

// New checks cfg, fills its defaults and returns the whole API as one handler.
// The handler may be called concurrently.
func New(cfg Config) (http.Handler, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &api{cfg: cfg}
	return a.router()
}
