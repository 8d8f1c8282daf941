package schemas

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. The usual one, without escapes, shares the memory of
// the document.
func (d *decoder) text() string {
	d.pos++ // the quote
	start := d.pos
	for d.pos < len(d.s) {
		switch c := d.s[d.pos]; {
		case c == '"':
			d.pos++
			return d.s[start : d.pos-1]
		case c == '\\':
			return d.escapedText(start)
		case c < ' ':
			d.syntax("a control character inside a string must be escaped")
		}
		d.pos++
	}
	d.syntax("the string has no end")
	return ""
}

func (d *decoder) escapedText(start int) string {
	var b strings.Builder
	b.WriteString(d.s[start:d.pos])
	for d.pos < len(d.s) {
		c := d.s[d.pos]
		switch {
		case c == '"':
			d.pos++
			return b.String()
		case c == '\\':
			b.WriteRune(d.escape())
			continue
		case c < ' ':
			d.syntax("a control character inside a string must be escaped")
		}
		b.WriteByte(c)
		d.pos++
	}
	d.syntax("the string has no end")
	return ""
}

// escape reads one escape sequence, a surrogate pair counting as one.
func (d *decoder) escape() rune {
	d.pos++ // the backslash
	c := d.peek()
	d.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		return d.codePoint()
	}
	d.pos--
	d.syntax("a backslash starts no known escape")
	return 0
}

func (d *decoder) codePoint() rune {
	r := d.hex4()
	if utf16.IsSurrogate(r) {
		if !strings.HasPrefix(d.s[d.pos:], `\u`) {
			d.loneSurrogate()
		}
		d.pos += 2
		if r = utf16.DecodeRune(r, d.hex4()); r == utf8.RuneError {
			d.loneSurrogate()
		}
	}
	if r == 0 {
		d.fail("nul_character", "a string holds the character NUL", "Take the character out.")
	}
	return r
}

func (d *decoder) loneSurrogate() {
	d.fail("bad_unicode", "a string holds half a surrogate pair", "Write the character itself or both halves.")
}

func (d *decoder) hex4() rune {
	if d.pos+4 > len(d.s) {
		d.syntax("\\u needs four hexadecimal digits")
	}
	n, err := strconv.ParseUint(d.s[d.pos:d.pos+4], 16, 16)
	if err != nil {
		d.syntax("\\u needs four hexadecimal digits")
	}
	d.pos += 4
	return rune(n)
}

func (d *decoder) syntax(what string) {
	d.fail("not_json", what, "Send well-formed JSON (RFC 8259).")
}

// fail gives up at the current position.
func (d *decoder) fail(code, what, fix string) {
	line, column := d.position()
	panic(malformed{Violation{
		Pointer: d.pointer(),
		Code:    code,
		Detail:  fmt.Sprintf("Line %d, column %d: %s.", line, column, what),
		Fix:     fix,
	}})
}

func (d *decoder) duplicate() {
	if len(d.duplicates) == maxDuplicates {
		d.more++
		return
	}
	line, _ := d.position()
	d.duplicates = append(d.duplicates, Violation{
		Pointer: d.pointer(),
		Code:    "duplicate_key",
		Detail:  fmt.Sprintf("Line %d: the key stands more than once in its object.", line),
		Fix:     "Keep one of them: readers disagree on which one counts.",
	})
}

func (d *decoder) position() (line, column int) {
	before := d.s[:min(d.pos, len(d.s))]
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

func (d *decoder) pointer() string {
	var b strings.Builder
	for _, s := range d.path {
		switch s.index {
		case outside:
		case inKey:
			b.WriteString("/" + escapeToken(s.key))
		default:
			b.WriteString("/" + strconv.Itoa(s.index))
		}
	}
	return b.String()
}

// escapeToken writes one token of a JSON pointer.
func escapeToken(s string) string {
	if !strings.ContainsAny(s, "~/") {
		return s
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}
