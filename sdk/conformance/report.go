package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Status is how a check ended.
type Status string

// How a check ends.
const (
	Pass Status = "pass"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Result is one check's.
type Result struct {
	// ID is stable: the check, and after a slash what it was about.
	ID   string `json:"id"`
	Area string `json:"area"`
	// Capability that it counts for; Common counts for all.
	Capability string `json:"capability"`
	// Proves is what it shows when it passes.
	Proves string `json:"proves"`
	Status Status `json:"status"`
	// Reason is why it failed, with what to do, or why it does not apply.
	Reason     string `json:"reason,omitempty"`
	DurationMS int64  `json:"durationMs"`
}

// Common is the capability of checks that are about the program as a whole.
const Common = "connector"

// Badge sums one capability up. The checks that are about the program as a whole
// count for each.
type Badge struct {
	Capability string `json:"capability"`
	Conforming bool   `json:"conforming"`
	Passed     int    `json:"passed"`
	Of         int    `json:"of"`
	Skipped    int    `json:"skipped"`
}

// String is the badge in one line, e.g. "invoice: conforming (24 of 24)".
func (b Badge) String() string {
	word := "not conforming"
	switch {
	case b.Conforming:
		word = "conforming"
	case b.Of == 0:
		word = "not tried"
	}
	skipped := ""
	if b.Skipped > 0 {
		skipped = fmt.Sprintf(", %d do not apply", b.Skipped)
	}
	return fmt.Sprintf("%s: %s (%d of %d%s)", b.Capability, word, b.Passed, b.Of, skipped)
}

// Report is what a run found.
type Report struct {
	Connector  string    `json:"connector,omitempty"`
	Version    string    `json:"version,omitempty"`
	Began      time.Time `json:"began"`
	DurationMS int64     `json:"durationMs"`
	Results    []Result  `json:"results"`
	Badges     []Badge   `json:"badges"`
}

// Failed are the results of the checks that failed.
func (r *Report) Failed() []Result {
	var out []Result
	for _, one := range r.Results {
		if one.Status == Fail {
			out = append(out, one)
		}
	}
	return out
}

// sum makes the badges, in the order in which capabilities first came.
func (r *Report) sum(declared []string) {
	names := slices.Clone(declared)
	for _, one := range r.Results {
		if one.Capability != Common && !slices.Contains(names, one.Capability) {
			names = append(names, one.Capability)
		}
	}
	if len(names) == 0 {
		names = []string{Common}
	}
	for _, name := range names {
		b := Badge{Capability: name}
		for _, one := range r.Results {
			if one.Capability == Common || one.Capability == name {
				b.count(one.Status)
			}
		}
		b.Conforming = b.Passed == b.Of && b.Of > 0
		r.Badges = append(r.Badges, b)
	}
}

func (b *Badge) count(s Status) {
	switch s {
	case Pass:
		b.Passed++
		b.Of++
	case Fail:
		b.Of++
	case Skip:
		b.Skipped++
	}
}

// WriteLine writes a result for a person: what was proved, how long it took and,
// below, why not.
func (r Result) WriteLine(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%-4s  %6d ms  %-36s  %s\n", r.Status, r.DurationMS, r.ID, r.Proves)
	if err != nil || r.Reason == "" {
		return err
	}
	word := "because"
	if r.Status == Skip {
		word = "does not apply"
	}
	_, err = fmt.Fprintf(w, "                 %s: %s\n", word, strings.ReplaceAll(r.Reason, "\n", "\n                 "))
	return err
}

// WriteBadges writes a line for each capability.
func (r *Report) WriteBadges(w io.Writer) error {
	for _, b := range r.Badges {
		if _, err := fmt.Fprintln(w, b); err != nil {
			return err
		}
	}
	return nil
}
