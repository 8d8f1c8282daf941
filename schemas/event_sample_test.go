package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestEveryTypeHasASampleOfItsData(t *testing.T) {
	t.Parallel()
	for _, e := range schemas.EventTypes() {
		sample := schemas.SampleEvent(e.Name)
		if err := schemas.ValidateEventData(e.Name, sample); err != nil {
			t.Errorf("%s: %v", e.Name, err)
			continue
		}
		sample[0] = 'x'
		if again := schemas.SampleEvent(e.Name); again[0] != '{' {
			t.Errorf("%s: a caller changed the sample for all", e.Name)
		}
	}
}

// TestTheSamplesAreNobodys looks for addresses and numbers that might be
// somebody's.
func TestTheSamplesAreNobodys(t *testing.T) {
	t.Parallel()
	for name, event := range examples(t, "events") {
		for _, word := range strings.FieldsFunc(string(event), func(r rune) bool { return strings.ContainsRune(" \"\n,", r) }) {
			_, host, mail := strings.Cut(word, "@")
			if rest, link := strings.CutPrefix(word, "https://"); link {
				host, _, _ = strings.Cut(rest, "/")
			} else if !mail {
				host = ""
			}
			if host != "" && !strings.HasSuffix(host, ".example") || strings.HasPrefix(word, "+") && !strings.Contains(word, "0000000") {
				t.Errorf("%s: %s", name, word)
			}
		}
	}
}

// TestTheDataOfEveryTypeIsClosed leaves out, misspells and empties each member
// of each sample: what may be absent is optional, all else is a fault there.
func TestTheDataOfEveryTypeIsClosed(t *testing.T) {
	t.Parallel()
	for _, e := range schemas.EventTypes() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			sample := schemas.SampleEvent(e.Name)
			var whole map[string]json.RawMessage
			if err := json.Unmarshal(sample, &whole); err != nil {
				t.Fatal(err)
			}
			if e.Resource != "" {
				mustBeThere(t, e.Name, whole, e.Resource)
			}
			for name := range whole {
				changed := maps.Clone(whole)
				delete(changed, name)
				for _, v := range faults(t, e.Name, changed) {
					if !slices.Contains([]string{"required", "dependent_required"}, v.Code) {
						t.Errorf("without %s: %+v", name, v)
					}
				}
				changed["x"+name] = whole[name]
				if !slices.ContainsFunc(faults(t, e.Name, changed), func(v schemas.Violation) bool { return v.Pointer == "/x"+name && v.Code == "unknown_field" }) {
					t.Errorf("x%s is accepted", name)
				}
				changed = maps.Clone(whole)
				changed[name] = json.RawMessage(`[[]]`)
				if !slices.ContainsFunc(faults(t, e.Name, changed), func(v schemas.Violation) bool { return strings.HasPrefix(v.Pointer, "/"+name) }) {
					t.Errorf("%s may be anything", name)
				}
			}
		})
	}
}

// mustBeThere wants that the member which names the resource is a text and
// never absent.
func mustBeThere(t *testing.T, event string, whole map[string]json.RawMessage, name string) {
	t.Helper()
	changed := maps.Clone(whole)
	delete(changed, name)
	if !bytes.HasPrefix(whole[name], []byte(`"`)) || len(faults(t, event, changed)) == 0 {
		t.Errorf("%s does not name the resource in every event", name)
	}
}

func faults(t *testing.T, event string, data map[string]json.RawMessage) []schemas.Violation {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	err = schemas.ValidateEventData(event, raw)
	if err == nil {
		return nil
	}
	return refused(t, err).Violations
}
