package schemas

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// quickPattern is a pattern that knows most ASCII text without the regexp
// engine, which costs more than all else that is asked of a string.
type quickPattern struct {
	full *regexp.Regexp
	// runs is the pattern as runs of one set each, nil when it is more than that.
	runs []charRun
}

// charRun is between min and max characters of a set.
type charRun struct {
	set      charSet
	min, max int // max -1: any number
}

// charSet holds ASCII characters.
type charSet [2]uint64

func (s *charSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *charSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *charSet) meets(other *charSet) bool { return s[0]&other[0]|s[1]&other[1] != 0 }

func newQuickPattern(re *regexp.Regexp) *quickPattern {
	if re == nil {
		return nil
	}
	return &quickPattern{full: re, runs: charRuns(re.String())}
}

func (p *quickPattern) matches(s string) bool {
	if p.runs == nil {
		return p.full.MatchString(s)
	}
	at := 0
	for i := range p.runs {
		r := &p.runs[i]
		n := 0
		for at < len(s) && n != r.max && s[at] < utf8.RuneSelf && r.set.has(s[at]) {
			at, n = at+1, n+1
		}
		if at < len(s) && s[at] >= utf8.RuneSelf {
			return p.full.MatchString(s)
		}
		if n < r.min {
			return false
		}
	}
	return at == len(s)
}

// charRuns reads ^, runs, $, where taking as much as there is for each run is
// the only way to match: a run of no fixed length meets no character of the next.
func charRuns(pattern string) []charRun {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat || len(re.Sub) < 3 || re.Sub[0].Op != syntax.OpBeginText {
		return nil
	}
	end := re.Sub[len(re.Sub)-1]
	if end.Op != syntax.OpEndText {
		return nil
	}
	var runs []charRun
	for _, part := range re.Sub[1 : len(re.Sub)-1] {
		more := runsOf(part)
		if more == nil {
			return nil
		}
		runs = append(runs, more...)
	}
	for i := range runs[:len(runs)-1] {
		if next := &runs[i+1]; runs[i].min != runs[i].max && (next.min == 0 || runs[i].set.meets(&next.set)) {
			return nil
		}
	}
	return runs
}

// runsOf reads one part, nil when it is no run.
func runsOf(re *syntax.Regexp) []charRun {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil
		}
		var runs []charRun
		for _, c := range re.Rune {
			if c >= utf8.RuneSelf {
				return nil
			}
			var set charSet
			set.add(byte(c))
			runs = append(runs, charRun{set, 1, 1})
		}
		return runs
	case syntax.OpCharClass:
		return []charRun{{classOf(re.Rune), 1, 1}}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		if re.Flags&syntax.NonGreedy != 0 { // matches the same texts, but is none of our patterns
			return nil
		}
		sub := runsOf(re.Sub[0])
		if len(sub) != 1 || sub[0].min != 1 || sub[0].max != 1 {
			return nil
		}
		low, high := times(re)
		return []charRun{{sub[0].set, low, high}}
	}
	return nil
}

func times(re *syntax.Regexp) (low, high int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

func classOf(pairs []rune) (set charSet) {
	for i := 0; i < len(pairs); i += 2 {
		for c := pairs[i]; c <= pairs[i+1] && c < utf8.RuneSelf; c++ {
			set.add(byte(c))
		}
	}
	return set
}
