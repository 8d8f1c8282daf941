package httpclient

import (
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk/internal/began"
)

// noDeadline is the zero time: a request may always start.
var noDeadline time.Time

// leave is what one request asks for at its first byte. Each connection that
// would carry the request asks again, so a repeat by net/http is refused: the
// tracker gives leave once.
type leave struct {
	tracker *began.Tracker
	changes bool
	trail   trail

	mu    sync.Mutex
	begun bool  // this request's first byte was allowed
	err   error // why leave was refused
}

// trace binds the request to each connection that it gets.
func (l *leave) trace() *httptrace.ClientTrace {
	asks := l
	if !l.changes {
		asks = nil
	}
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { bind(info.Conn, asks) },
	}
}

// ask is the last step before the first byte.
func (l *leave) ask() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.tracker.Begin()
		l.begun = l.begun || l.err == nil
	}
	return l.err
}

func (l *leave) state() (begun bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begun, l.err
}

// later reports whether the call's effect had begun with another request.
func (l *leave) later() bool {
	begun, _ := l.state()
	return l.tracker.Began() && !begun
}
