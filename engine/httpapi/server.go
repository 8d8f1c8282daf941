package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer wraps a handler in a server that a slow or hostile client cannot
// hold: headers of at most 16 KiB within 5 s, a request within 30 s, an answer
// within 60 s, idle connections for 2 minutes. The caller gives it a listener.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
