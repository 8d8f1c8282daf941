package pluginhost

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// FuzzLogLine feeds foreign bytes to all that stands between a connector's
// stderr and the host's log.
func FuzzLogLine(f *testing.F) {
	for _, seed := range []string{
		`{"@message":1}`, `{"@level":"warn","@message":"m","@timestamp":"t","k":[1,{}]}`, `{"@level":7}`,
		"panic: x", "plain", "{", "\xff\x00", `{"@message":"hidden-canary"}`, strings.Repeat("x", maxLine+1),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		redact := newRedactor()
		redact.learn(secretSource{connection: "con_1"}, []string{"hidden-canary"})
		var log bytes.Buffer
		sink := newLogSink(slog.New(slog.NewJSONHandler(&log, nil)), time.Now, redact)
		if err := readLines(io.MultiReader(bytes.NewReader(raw), strings.NewReader("\n")), sink.line); err != nil {
			t.Fatal(err)
		}
		for _, l := range append(sink.lines(), log.String()) {
			if strings.Contains(l, "hidden-canary") {
				t.Errorf("a secret came through: %q", l)
			}
		}
		for _, l := range sink.lines() {
			if len(l) > tailLineMax+len(" [cut]") || strings.Contains(l, "\n") {
				t.Errorf("a line of the tail has %d bytes: %q", len(l), l)
			}
		}
	})
}

func TestALineIsCutNotSplit(t *testing.T) {
	t.Parallel()
	in := "short\r\n" + strings.Repeat("x", 3*maxLine) + "\nlast"
	var lines []string
	var cuts []bool
	if err := readLines(strings.NewReader(in), func(l []byte, cut bool) {
		lines, cuts = append(lines, string(l)), append(cuts, cut)
	}); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 || lines[0] != "short" || len(lines[1]) != maxLine || lines[2] != "last" || cuts[0] || !cuts[1] || cuts[2] {
		t.Errorf("%d lines, cuts %v", len(lines), cuts)
	}
}

func TestSecretsAreMaskedInEverySpelling(t *testing.T) {
	t.Parallel()
	r := newRedactor()
	r.learn(secretSource{connection: "con_1"}, []string{`a"b/c d`, "abc", "long-one", "long-one-longer"})
	r.learn(secretSource{"con_1", true}, []string{"token-1"})
	for in, want := range map[string]string{
		`x a"b/c d y`:         "x [secret] y",
		`x a\"b/c d y`:        "x [secret] y",
		"x a%22b%2Fc+d y":     "x [secret] y",
		"x YSJiL2MgZA== y":    "x [secret] y",
		"long-one-longer abc": "[secret] abc", // too short to mask
		"token-1,long-one":    "[secret],[secret]",
	} {
		if got := r.mask(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := r.maskCut("0123456789 and the beginning of long-one-lon"); strings.Contains(got, "long") {
		t.Errorf("half a secret stays at the edge: %q", got)
	}
	r.learn(secretSource{connection: "con_2"}, []string{"-----BEGIN KEY-----\nMIIEvQIBADANBg\n<&>/x\n"})
	for _, in := range []string{"MIIEvQIBADANBg", `-----BEGIN KEY-----\nMIIEvQIBADANBg\n<&>\/x\n`, `-----BEGIN KEY-----\nMIIEvQIBADANBg\n\u003c\u0026\u003e/x\n`} {
		if got := r.mask(in); got != "[secret]" {
			t.Errorf("%q became %q", in, got)
		}
	}
	for _, token := range []string{"token-2", "token-3", "token-4"} {
		r.learn(secretSource{"con_1", true}, []string{token})
	}
	if got := r.mask("token-1 token-2 token-4 long-one"); got != "token-1 [secret] [secret] [secret]" {
		t.Errorf("after three newer credentials: %q", got)
	}
}
