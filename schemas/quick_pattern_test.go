package schemas

import (
	"regexp"
	"strings"
	"testing"
)

// patterns are those of our schemas, of every kind, and some that are no runs.
var patterns = []string{
	`^[!-~]+$`, `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`,
	`^ *[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$`, `^[A-Z]{3}$`, `^inv_[0-7][0-9A-HJKMNP-TV-Z]{25}$`, `^\+[1-9][0-9]{6,14}$`,
	`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`, `^[A-Za-z0-9][A-Za-z0-9./-]{4,}$`, `^[^\x00-\x1f\x7f-\x9f]*$`, `^[A-Z]{3,4}$`, `^[A-Z]{2}-[A-Z0-9]{1,3}-[A-Z0-9]{2,5}$`,
	`^[a-zé]*$`, `^a?b$`, `^a?a$`, `^[ab]*b$`, `^a*?b$`, `(?i)^ab$`, `^(ab)+$`, `^ab|cd$`, `^é+$`, `ab$`, `^ab`, `(?m)^a$`, `^a\nb$`, `^.+$`, `^$`,
}

func TestMostOfOurPatternsAreRuns(t *testing.T) {
	t.Parallel()
	for i, p := range patterns[:11] {
		if charRuns(p) == nil {
			t.Errorf("pattern %d, %s, needs the regexp engine", i, p)
		}
	}
}

// FuzzQuickPattern holds the quick way of a pattern against the regexp engine.
func FuzzQuickPattern(f *testing.F) {
	for _, text := range []string{
		"", "a", "ab", "aab", "b", "\n", "a\nb", " x", "  ", " é", "x\u0080", "NGN", "NGNX", "2025-07-01T10:00:00.000Z", "inv_" + strings.Repeat("0", 26),
		"+22507000000", "a.b", "a_1.b_2", "A1-94/x.y", "NG-LA-AGE", "AB", "aaaaaa", "cd", "\xff", "a\xff",
	} {
		f.Add(text)
	}
	var compiled []*quickPattern
	for _, p := range patterns {
		compiled = append(compiled, newQuickPattern(regexp.MustCompile(p)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range compiled {
			if got, want := p.matches(text), p.full.MatchString(text); got != want {
				t.Errorf("%s, %q: %t, the engine says %t", p.full, text, got, want)
			}
		}
	})
}
