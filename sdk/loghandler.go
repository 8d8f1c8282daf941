package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// The engine's reader takes lines below 64 KiB; half of that leaves room.
	maxLine = 30 << 10
	// maxLogText is the longest message or value, encoded.
	maxLogText = 8 << 10
	// logTime is the only form of a time that go-plugin's reader understands.
	logTime = "2006-01-02T15:04:05.000000Z07:00"
)

// logHandler writes slog records as the engine reads them: one JSON object a
// line, flat, with @level, @message and @timestamp as texts, secrets masked. A
// line that broke these rules could be lost or taken for plain text.
type logHandler struct {
	out    *lineWriter
	level  slog.Leveler
	now    func() time.Time
	mask   *masker
	prefix string     // of open groups, "a.b."
	fields []logField // of With, ready to write
}

type logField struct{ name, value []byte }

func newLogHandler(out *lineWriter, level slog.Leveler, now func() time.Time, m *masker) *logHandler {
	return &logHandler{out: out, level: level, now: now, mask: m}
}

// Enabled tells by level alone.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// WithAttrs keeps values that all lines carry.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fields = slices.Clip(c.fields)
	for _, a := range attrs {
		c.fields = h.flatten(c.fields, h.prefix, a)
	}
	return &c
}

// WithGroup prefixes the names that follow.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.prefix += name + "."
	return &c
}

// Handle writes one line.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	at := r.Time
	if at.IsZero() {
		at = h.now()
	}
	fields := slices.Clip(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		fields = h.flatten(fields, h.prefix, a)
		return true
	})
	var b bytes.Buffer
	b.WriteString(`{"@level":"` + levelName(r.Level) + `","@message":`)
	b.Write(h.text(r.Message))
	b.WriteString(`,"@timestamp":"` + at.Format(logTime) + `"`)
	for _, f := range fields {
		if b.Len()+len(f.name)+len(f.value) > maxLine {
			b.WriteString(`,"truncated":true`)
			break
		}
		b.WriteByte(',')
		b.Write(f.name)
		b.WriteByte(':')
		b.Write(f.value)
	}
	b.WriteString("}\n")
	_, err := h.out.Write(b.Bytes())
	return err
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelDebug:
		return "trace"
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warn"
	}
	return "error"
}

func (h *logHandler) flatten(fields []logField, prefix string, a slog.Attr) []logField {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			fields = h.flatten(fields, prefix, member)
		}
		return fields
	}
	if a.Equal(slog.Attr{}) {
		return fields
	}
	name := prefix + a.Key
	value := h.value(v)
	if namesSecret(a.Key) {
		value = h.text(Redacted)
	}
	// A name of the author's that began with @ could take the place of the
	// line's own.
	return append(fields, logField{name: h.text(strings.Replace(name, "@", "_", 1)), value: value})
}

func (h *logHandler) value(v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindBool:
		return []byte(v.String())
	case slog.KindTime:
		return h.text(v.Time().Format(logTime))
	case slog.KindAny:
		return h.text(anyText(v.Any()))
	}
	return h.text(v.String())
}

func anyText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case []byte:
		return string(v)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v)
	}
	return string(Redact(raw))
}

// text is s as a JSON text: masked first, so that no cut can leave half a
// secret, then bounded also where encoding makes it longer.
func (h *logHandler) text(s string) []byte {
	s = h.mask.mask(s)
	for limit := maxLogText; ; limit /= 2 {
		raw, err := json.Marshal(cut(s, limit))
		if err != nil {
			return []byte(`"[unwritable]"`)
		}
		if len(raw) <= maxLogText+2 {
			return raw
		}
	}
}

// lineWriter keeps lines whole, whoever writes them.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}
