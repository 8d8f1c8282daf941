package sdk

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// These never change; they are compiled once because redaction runs on every
// failure.
var (
	secretName = regexp.MustCompile(`(?i)pass(word|wd|phrase)|secret|token|api[-_]?key|authorization|private[-_]?key|credential|cookie|signature|^(pin|otp|cvv)$`)
	// secretPair finds name and value in text that is no JSON document: cut
	// JSON, forms, headers.
	secretPair = regexp.MustCompile(`(?i)("?[\w-]*(?:pass(?:word|wd|phrase)|secret|token|api[-_]?key|authorization|private[-_]?key|credential|cookie)[\w-]*"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|(?:(?:bearer|basic)\s+)?[^\s&,;"}]+)`)
)

// Redact masks the secrets in a vendor's answer: the given values wherever they
// stand, and the value of every member with a secret's name (password, token,
// apiKey and the like). The rest stays byte for byte. It copes with any bytes.
func Redact(answer []byte, secrets ...string) []byte {
	answer = bytes.ToValidUTF8(answer, []byte("\uFFFD"))
	switch {
	case !json.Valid(answer):
		answer = secretPair.ReplaceAll(answer, []byte("${1}"+Redacted))
	case mayNameSecret(answer):
		answer = redactMembers(answer)
	}
	return []byte(replacerOf(secrets).Replace(string(answer)))
}

// namesSecret reports whether a member or field of this name is a secret.
func namesSecret(name string) bool {
	return mayNameSecret([]byte(name)) && secretName.MatchString(name)
}

// mayNameSecret reports whether a member's name in a valid document may match
// secretName: something in it does not stand for itself, or one of the words that
// every match contains is somewhere in it. Most answers have none, and looking is a
// tenth of the work of reading all names.
func mayNameSecret(doc []byte) bool {
	small := make([]byte, len(doc))
	for i, b := range doc {
		if b >= utf8.RuneSelf || b == '\\' {
			return true
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		small[i] = b
	}
	for _, word := range [...]string{"pass", "secret", "token", "key", "authorization", "credential", "cookie", "signature", "pin", "otp", "cvv"} {
		if bytes.Contains(small, []byte(word)) {
			return true
		}
	}
	return false
}

// redactMembers replaces the values of secret members of a valid document,
// scalar or not.
func redactMembers(doc []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var out bytes.Buffer
	var kept int64 // all before it has been written
	w := walker{d: d}
	for {
		name, isName, err := w.next()
		if err != nil {
			break
		}
		if !isName || !namesSecret(name) {
			continue
		}
		at := d.InputOffset()
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			break
		}
		w.valueRead()
		out.Write(doc[kept:at])
		out.WriteString(`:"` + Redacted + `"`)
		kept = d.InputOffset()
	}
	out.Write(doc[kept:])
	return out.Bytes()
}

// walker tells member names from texts in a stream of tokens.
type walker struct {
	d     *json.Decoder
	stack []frame
}

type frame struct{ object, wantsName bool }

func (w *walker) next() (name string, isName bool, err error) {
	t, err := w.d.Token()
	if err != nil {
		return "", false, err
	}
	top := len(w.stack) - 1
	switch t := t.(type) {
	case json.Delim:
		w.delim(t)
		return "", false, nil
	case string:
		if top >= 0 && w.stack[top].object && w.stack[top].wantsName {
			w.stack[top].wantsName = false
			return t, true, nil
		}
	}
	w.valueRead()
	return "", false, nil
}

func (w *walker) delim(t json.Delim) {
	if t == '{' || t == '[' {
		w.stack = append(w.stack, frame{object: t == '{', wantsName: t == '{'})
		return
	}
	w.stack = w.stack[:len(w.stack)-1]
	w.valueRead()
}

// valueRead says that a member's value is complete: a name comes next.
func (w *walker) valueRead() {
	if top := len(w.stack) - 1; top >= 0 {
		w.stack[top].wantsName = w.stack[top].object
	}
}

// replacerOf masks values as they are and as they look inside JSON.
func replacerOf(secrets []string) *strings.Replacer {
	pairs := make([]string, 0, 2*len(secrets))
	for _, s := range secrets {
		if s == "" {
			continue
		}
		pairs = append(pairs, s, Redacted)
		if inside := insideJSON(s); inside != s {
			pairs = append(pairs, inside, Redacted)
		}
	}
	return strings.NewReplacer(pairs...)
}

func insideJSON(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(quoted[1 : len(quoted)-1])
}

// cut shortens s to at most limit bytes, on a character, and says that it did.
func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	s = s[:limit-len(mark)]
	for len(s) > 0 {
		if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size > 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return s + mark
}
