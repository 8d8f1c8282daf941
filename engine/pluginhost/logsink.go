package pluginhost

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tailLines   = 100
	tailLineMax = 1 << 10
	// A connector may write so many lines at once, and so many each second in
	// the long run; what is above is counted, not logged.
	logBurst     = 500
	logPerSecond = 100
)

// logSink takes what a connector writes for people: it masks secrets, keeps
// the latest lines and passes a bounded number on to the host's log.
type logSink struct {
	log    *slog.Logger
	now    func() time.Time
	redact *redactor
	level  atomic.Pointer[askedLevel] // nil: what log takes

	mu      sync.Mutex
	tail    []string // a ring once it is full
	next    int
	tokens  float64
	refill  time.Time
	dropped int64
	panicky bool // inside a stack trace, whose every line matters
}

func newLogSink(log *slog.Logger, now func() time.Time, redact *redactor) *logSink {
	return &logSink{log: log, now: now, redact: redact, tokens: logBurst, refill: now()}
}

// line takes one line of stderr; cut says that its end was dropped.
func (s *logSink) line(raw []byte, cut bool) {
	// Masked before parsing: a secret may stand anywhere, in names too.
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	if cut {
		text = s.redact.maskCut(text) + " [cut]"
	} else {
		text = s.redact.mask(text)
	}
	parsed := parseLogLine(text)
	dropped, ok := s.keep(text, &parsed)
	if !ok {
		return
	}
	ctx := context.Background()
	if dropped > 0 {
		s.log.LogAttrs(ctx, slog.LevelWarn, "connector log lines dropped: it writes too many", slog.Int64("dropped", dropped))
	}
	s.pass(ctx, &parsed)
}

// keep adds the line to the tail, and answers whether it may be logged and how
// many before it were too many.
func (s *logSink) keep(text string, l *logLine) (dropped int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(text)
	if l.level == slog.LevelError && l.message == text {
		s.panicky = true // a plain "panic: ..." line
	} else if s.panicky && l.message == text {
		l.level = slog.LevelError
	}
	if s.level.Load().below(l) {
		return 0, false
	}
	now := s.now()
	s.tokens = min(logBurst, s.tokens+now.Sub(s.refill).Seconds()*logPerSecond)
	s.refill = now
	if s.tokens < 1 {
		s.dropped++
		return 0, false
	}
	s.tokens--
	dropped, s.dropped = s.dropped, 0
	return dropped, true
}

func (s *logSink) remember(text string) {
	if len(text) > tailLineMax {
		text = strings.ToValidUTF8(text[:tailLineMax], "") + " [cut]"
	}
	if len(s.tail) < tailLines {
		s.tail = append(s.tail, text)
		return
	}
	s.tail[s.next] = text
	s.next = (s.next + 1) % tailLines
}

// lines is the tail, oldest first, masked once more: a secret may have become
// known only after it was written.
func (s *logSink) lines() []string {
	s.mu.Lock()
	out := append(append([]string(nil), s.tail[s.next:]...), s.tail[:s.next]...)
	s.mu.Unlock()
	for i := range out {
		out[i] = s.redact.mask(out[i])
	}
	return out
}

// fresh forgets the stack trace of the previous process.
func (s *logSink) fresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panicky = false
}

// stray is a writer for what a connector prints instead of logging it. It
// keeps no more than maxLine of an unfinished line.
type stray struct {
	sink *logSink
	mu   sync.Mutex
	part []byte
}

func (w *stray) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		w.part = append(w.part, p[:i]...)
		w.flush()
		p = p[i+1:]
	}
	w.part = append(w.part, p...)
	if len(w.part) > maxLine {
		w.flush()
	}
	return n, nil
}

func (w *stray) flush() {
	w.sink.line(w.part[:min(len(w.part), maxLine)], len(w.part) > maxLine)
	w.part = w.part[:0]
}
