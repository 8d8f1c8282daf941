package httpapi

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// api holds what the handlers need.
type api struct {
	cfg         Config
	metrics     metrics
	metricsPage http.Handler
	slots       slots
	trials      slots
	pushes      slots // of vendors' requests
	exports     slots
	document    atomic.Pointer[document] // the last that was made
	bodies      bodies
	ready       lastReady
}

// New checks cfg, fills its defaults and returns the whole API as one handler.
// The handler may be called concurrently.
func New(cfg Config) (http.Handler, error) {
	a, err := newAPI(cfg)
	if err != nil {
		return nil, err
	}
	return a.router(), nil
}

func newAPI(cfg Config) (*api, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	doc, err := readDocument(openapiYAML, cfg.Connectors.Manifests())
	if err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	bodies, err := compileBodies(doc)
	if err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	a := &api{cfg: cfg, metrics: m, slots: newSlots(cfg.MaxInFlight), trials: newSlots(maxTrials), pushes: newSlots(maxPushes), exports: newSlots(maxExports), bodies: bodies}
	a.document.Store(&doc)
	if cfg.Metrics != nil {
		a.metricsPage = cfg.Metrics.Handler()
	}
	return a, nil
}
