package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/secret"
)

// TestTheTailForgetsWhatCanAppearNoMore: while an engine is idle its listener
// reads less and less, and no event is given twice for being forgotten.
func TestTheTailForgetsWhatCanAppearNoMore(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 4, 17, 10, 30, 0, 0, time.UTC) // by the engine's clock
	now := made.Add(72 * time.Hour)                        // by ours
	var stored []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var page struct {
			Data []listedEvent `json:"data"`
		}
		for _, id := range stored {
			if r.URL.Query().Get("order") != "asc" || id > r.URL.Query().Get("cursor") {
				page.Data = append(page.Data, listedEvent{EventID: id})
			}
		}
		_ = json.NewEncoder(w).Encode(page)
	}))
	t.Cleanup(server.Close)
	tail := newEventTail(&apiClient{base: server.URL, key: secret.Mask("k"), http: server.Client()}, nil, time.Time{})
	tail.now = func() time.Time { return now }
	if err := tail.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	read := func(after time.Duration, store ...string) {
		t.Helper()
		now = now.Add(after)
		stored = append(stored, store...)
		slices.Sort(stored)
		if _, err := tail.next(t.Context(), func(e listedEvent) { got = append(got, e.EventID) }); err != nil {
			t.Fatal(err)
		}
	}
	at := func(d time.Duration) string { return floorID(made.Add(d))[:20] + "ABCDEFGHJK" }
	first, second, late, tooLate := at(0), at(5*time.Second), at(-9*time.Second), at(-8*time.Second)
	read(time.Second, first)
	read(time.Second, second)
	if len(tail.seen) != 2 {
		t.Errorf("%d ids are kept, want 2", len(tail.seen))
	}
	read(0, at(-4*time.Second)) // within 10 s of the newest
	read(4 * time.Second)       // the floor is 4 s later
	read(0, late)               // below the floor
	read(20*time.Second, tooLate)
	if want := []string{first, second, at(-4 * time.Second)}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(tail.seen) != 0 {
		t.Errorf("%d ids are kept of an idle engine", len(tail.seen))
	}
	read(time.Hour, at(time.Hour))
	if len(got) != 4 {
		t.Errorf("after an idle hour: %q", got)
	}
}
