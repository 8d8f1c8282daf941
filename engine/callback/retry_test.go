package callback_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
)

func retry(t testing.TB, form string) callback.Retry {
	t.Helper()
	r, err := callback.ParseRetry(json.RawMessage(form))
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return r
}

func TestPoliciesAreThoseThatArePromised(t *testing.T) {
	t.Parallel()
	const s, m, h = time.Second, time.Minute, time.Hour
	for form, want := range map[string]struct {
		waits   []time.Duration
		timeout time.Duration
	}{
		`"default"`:                {[]time.Duration{m, 5 * m, 30 * m, 2 * h, 12 * h}, 15 * s},
		`null`:                     {[]time.Duration{m, 5 * m, 30 * m, 2 * h, 12 * h}, 15 * s},
		`"finora"`:                 {[]time.Duration{m, 5 * m, 30 * m, 2 * h, 12 * h}, 15 * s},
		`"sandpay"`:                {[]time.Duration{m, 4 * m, 16 * m, 64 * m}, 10 * s},
		`"standard"`:               {[]time.Duration{5 * s, 5 * m, 30 * m, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h}, 15 * s},
		`"none"`:                   {nil, 15 * s},
		`{"schedule": [60, 300]}`:  {[]time.Duration{m, 5 * m}, 15 * s},
		` {"schedule":[1,604800]}`: {[]time.Duration{s, 7 * 24 * h}, 15 * s},
	} {
		if r := retry(t, form); !slices.Equal(r.Waits, want.waits) || r.Timeout != want.timeout || r.Name == "" {
			t.Errorf("%s: %+v", form, r)
		}
	}
}

func TestPolicyIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	for _, form := range []string{`"default"`, `"finora"`, `"sandpay"`, `"standard"`, `"none"`, `{"schedule":[60,300]}`} {
		if got, err := json.Marshal(retry(t, form)); err != nil || string(got) != form {
			t.Errorf("%s: %s, %v", form, got, err)
		}
	}
}

func TestParseRetryNamesTheFault(t *testing.T) {
	t.Parallel()
	const form = `{"schedule": [60, 300]}`
	for raw, want := range map[string]string{
		``: form, `3`: form, `[60]`: form, `{}`: form, `{"schedule":null}`: form, `{"schedule":60}`: form, `{"schedule":[60],"jitter":1}`: form,
		`{"schedule":[60]} x`: form, `true`: form,
		`"soon"`: `"soon" is no policy`, `"custom"`: "is no policy", `""`: "is no policy", `"Default"`: "is no policy",
		`{"schedule":[]}`: "a schedule of 0 waits", `{"schedule":[` + strings.Repeat("1,", 20) + `1]}`: "a schedule of 21 waits",
		`{"schedule":[60,0]}`: `"0" at schedule[1]`, `{"schedule":[604801]}`: `"604801" at schedule[0]`, `{"schedule":[-1]}`: `"-1"`,
		`{"schedule":[1.5]}`: `"1.5"`, `{"schedule":["60"]}`: "schedule[0]", `{"schedule":[1e2]}`: "1e2", `{"schedule":[9223372036854775808]}`: "schedule[0]",
	} {
		if r, err := callback.ParseRetry(json.RawMessage(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %q", raw, r, err, want)
		}
	}
}

// TestCalendar walks whole deliveries under schedules and draws of every kind:
// an attempt is never early, later where the receiver asked for it, and then at
// most at twice the wait. It may be a tenth late when it is made, so what is
// stored leaves two fifths of that to the way there.
func TestCalendar(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	draws := map[string]func(int64) int64{
		"least": func(int64) int64 { return 0 }, "most": func(n int64) int64 { return n - 1 }, "random": random.Int64N,
	}
	forms := []string{`"default"`, `"finora"`, `"sandpay"`, `"standard"`, `"none"`}
	for range 50 {
		seconds := make([]string, 1+random.IntN(20))
		for i := range seconds {
			seconds[i] = fmt.Sprint(1 + random.IntN(604800))
		}
		forms = append(forms, `{"schedule":[`+strings.Join(seconds, ",")+`]}`)
	}
	for _, form := range forms {
		for name, draw := range draws {
			r := retry(t, form)
			r.Int64N = draw
			for attempt, scheduled := range r.Waits {
				for _, asked := range []time.Duration{0, -time.Hour, scheduled / 2, scheduled + scheduled/3, 3 * scheduled, 1 << 62} {
					wait, ok := r.Next(attempt+1, asked)
					least := min(max(scheduled, asked), 2*scheduled)
					if !ok || wait < least || wait > min(least+scheduled*6/100, 2*scheduled) {
						t.Fatalf("%s, %s draw, after attempt %d of %v, asked for %v: %v, %v", form, name, attempt+1, scheduled, asked, wait, ok)
					}
				}
			}
			for _, beyond := range []int{-1, 0, len(r.Waits) + 1, len(r.Waits) + 2} {
				if wait, ok := r.Next(beyond, time.Hour); ok {
					t.Errorf("%s: after attempt %d: %v", form, beyond, wait)
				}
			}
		}
	}
}

func TestWaitsSpread(t *testing.T) {
	t.Parallel()
	for attempt, scheduled := range retry(t, `"default"`).Waits {
		var least, most time.Duration
		for range 500 {
			wait, _ := retry(t, `"default"`).Next(attempt+1, 0)
			if least == 0 || wait < least {
				least = wait
			}
			most = max(most, wait)
		}
		if most-least < scheduled/20 {
			t.Errorf("after attempt %d there is no spread: %v to %v", attempt+1, least, most)
		}
	}
}
