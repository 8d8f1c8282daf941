package schemas_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestAPatternMatchesWhatItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"*", catalogue},
		{"invoice.*", catalogue[:11]},
		{"bill.*", []string{"bill.created", "bill.paid"}},
		{"health_score.*", []string{"health_score.changed"}},
		{"invoice.signed", []string{"invoice.signed"}},
		{"sale.sync", []string{"invoice.signed"}},
		{"webhook.disabled", []string{"webhook.disabled"}},
	} {
		p, err := schemas.ParseEventPattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if string(p) != c.pattern {
			t.Errorf("%s became %s", c.pattern, p)
		}
		if got := matched(p); !slices.Equal(got, c.want) {
			t.Errorf("%s matches %v, want %v", c.pattern, got, c.want)
		}
	}
}

func matched(p schemas.EventPattern) []string {
	var out []string
	for _, name := range catalogue {
		if p.Matches(name) {
			out = append(out, name)
		}
	}
	return out
}

func TestAPatternThatMatchesNothingIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pattern, code, fix string }{
		{"", "unknown_event_type", "Use one of invoice.created, "},
		{"invoice.singed", "unknown_event_type", "Did you mean invoice.signed?"},
		{"Invoice.Signed", "unknown_event_type", "Did you mean invoice.signed?"},
		{" invoice.signed ", "unknown_event_type", "Did you mean invoice.signed?"},
		{"sale.synced", "unknown_event_type", "Did you mean sale.sync?"},
		{"bill.settled", "unknown_event_type", "Use one of bill.created, bill.paid."},
		{"invoice", "unknown_event_type", "Use one of "},
		{"invoice.signed.twice", "unknown_event_type", "Use one of invoice.created, "},
		{"foo.*", "unknown_event_type", "Use one of invoice.*, receipt.*, payment.*, "},
		{"sale.*", "unknown_event_type", "Use one of invoice.*, "},
		{"invoices.*", "unknown_event_type", "Did you mean invoice.*?"},
		{"invoice.signed.*", "unknown_event_type", "invoice.*"},
		{"invoice.", "unknown_event_type", "Use one of invoice.created, "},
		{"**", "event_pattern", "Write *, or a family such as invoice.*."},
		{"invoice*", "event_pattern", "Write *, or a family such as invoice.*."},
		{"in*", "event_pattern", "Write *, or a family such as invoice.*."},
		{"*.signed", "event_pattern", "Write *, or a family such as invoice.*."},
		{"*.*", "event_pattern", "Write *, or a family such as invoice.*."},
		{".*", "event_pattern", "Write *, or a family such as invoice.*."},
		{"invoice.*.*", "event_pattern", "Write *, or a family such as invoice.*."},
		{strings.Repeat("é", 5000), "unknown_event_type", "Use one of "},
	} {
		p, err := schemas.ParseEventPattern(c.pattern)
		var refusal *schemas.EventTypeError
		if !errors.As(err, &refusal) || p != "" {
			t.Errorf("%q: %q, %v", c.pattern, p, err)
			continue
		}
		if refusal.Code != c.code || !strings.Contains(refusal.Fix, c.fix) || len(err.Error()) > 1000 {
			t.Errorf("%q: %+v", c.pattern, refusal)
		}
		if got := matched(schemas.EventPattern(c.pattern)); got != nil {
			t.Errorf("%q is refused but matches %v", c.pattern, got)
		}
	}
}

func TestNothingMatchesNoType(t *testing.T) {
	t.Parallel()
	for _, p := range []schemas.EventPattern{"", "*", ".*", "invoice.*", "sale.sync"} {
		for _, name := range []string{"", "invoice.", "sale.sync"} {
			if p.Matches(name) && (p != "*" || name == "") {
				t.Errorf("%q matches %q", p, name)
			}
		}
	}
}

func TestAnAliasNamesATypeAndIsNone(t *testing.T) {
	t.Parallel()
	if of, ok := schemas.EventAlias("sale.sync"); !ok || of != schemas.EventInvoiceSigned || schemas.IsEventType("sale.sync") {
		t.Errorf("sale.sync is %q, %t", of, ok)
	}
	if of, ok := schemas.EventAlias("invoice.signed"); ok || of != "" {
		t.Errorf("invoice.signed is an alias of %q", of)
	}
}

func FuzzEventPattern(f *testing.F) {
	for _, seed := range []string{"*", "invoice.*", "sale.sync", "foo.*", "in*", "invoice.signed", "*.*", "\xff.*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := schemas.ParseEventPattern(s)
		all := matched(schemas.EventPattern(s))
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%q: %v, but it matches %v", s, err, all)
		}
		var refusal *schemas.EventTypeError
		if err != nil && (!errors.As(err, &refusal) || p != "" || refusal.Code == "" || refusal.Detail == "" || refusal.Fix == "") {
			t.Fatalf("%q: %q, %v", s, p, err)
		}
		for _, name := range all {
			_, alias := schemas.EventAlias(s)
			if !alias && s != "*" && s != name && !strings.HasPrefix(name, strings.TrimSuffix(s, "*")) {
				t.Fatalf("%q matches %q", s, name)
			}
		}
	})
}
