package pluginhost

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// maxLogFields bounds what one line of a connector can put into the log.
const maxLogFields = 32

// logLine is one line of a connector's stderr, understood as far as possible.
type logLine struct {
	level   slog.Level
	message string
	fields  []slog.Attr
}

// parseLogLine reads a line in hclog's JSON form. It trusts nothing: fields of
// the wrong type are shown as they are, and what is not JSON is a plain text.
func parseLogLine(line string) logLine {
	var fields map[string]json.RawMessage
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return logLine{level: plainLevel(line), message: line}
	}
	l := logLine{level: slog.LevelInfo, message: line}
	var name string
	if json.Unmarshal(fields["@level"], &name) == nil {
		l.level = parseLevel(name)
	}
	var text string
	if json.Unmarshal(fields["@message"], &text) != nil {
		return l // shown whole
	}
	l.message = text
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		if strings.HasPrefix(k, "@") || len(l.fields) == maxLogFields {
			continue
		}
		l.fields = append(l.fields, slog.String(k, fieldText(fields[k])))
	}
	return l
}

func fieldText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(raw))
}

func parseLevel(name string) slog.Level {
	switch strings.ToLower(name) {
	case "trace", "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

func plainLevel(line string) slog.Level {
	if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
		return slog.LevelError
	}
	return slog.LevelDebug
}
