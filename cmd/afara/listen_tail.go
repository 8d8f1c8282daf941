package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// listedEvent is an event as GET /v1/events lists it.
type listedEvent struct {
	EventID    string          `json:"eventId"`
	Event      string          `json:"event"`
	BusinessID string          `json:"businessId"`
	OccurredAt time.Time       `json:"occurredAt"`
	Sequence   int64           `json:"sequence"`
	Data       json.RawMessage `json:"data"`
}

// tailWindow is how long after its id was made an event may still appear: ids
// are made before their transaction commits, so not in the order of commits.
const tailWindow = 10 * time.Second

// tailPage is the longest page that the engine gives.
const tailPage = 200

// eventTail reads an environment's events as they come, each once. It reads
// from a floor below which nothing new can appear, and remembers the ids above
// it. What time it is is told by the ids alone, so the clocks of engine and
// listener need not agree. It is for one goroutine.
type eventTail struct {
	api      *apiClient
	patterns []string
	since    time.Time
	now      func() time.Time

	seen  map[string]bool
	floor string // ids up to this one are done with; empty is below all

	newest   string    // the highest id that was read
	newestAt time.Time // when it was first read, by our clock
}

// newEventTail reads what is stored from since on; the zero time is "from the
// moment when begin was answered".
func newEventTail(api *apiClient, patterns []string, since time.Time) *eventTail {
	return &eventTail{api: api, patterns: patterns, since: since, now: time.Now, seen: map[string]bool{}}
}

// begin finds where to start. Without since it marks all that is there as read.
func (t *eventTail) begin(ctx context.Context) error {
	if !t.since.IsZero() {
		t.floor = floorID(t.since)
		return nil
	}
	page, err := t.page(ctx, url.Values{"limit": {"1"}})
	if err != nil {
		return err
	}
	for _, e := range page.Data {
		t.note(e.EventID)
		t.floor = floorID(idTime(e.EventID).Add(-tailWindow))
	}
	_, err = t.next(ctx, func(listedEvent) {})
	return err
}

// next gives each event that is new to do, in the order of ids, and answers how
// many there were. After an error it may be called again and repeats none.
func (t *eventTail) next(ctx context.Context, do func(listedEvent)) (found int, err error) {
	began := t.now()
	cursor := t.floor
	for more := true; more; {
		page, err := t.page(ctx, url.Values{"order": {"asc"}, "limit": {strconv.Itoa(tailPage)}, "cursor": {cursor}})
		if err != nil {
			return found, err
		}
		for _, e := range page.Data {
			if ctx.Err() != nil {
				return found, ctx.Err()
			}
			if t.seen[e.EventID] {
				continue
			}
			t.note(e.EventID)
			if t.wants(e.Event) {
				do(e)
				found++
			}
		}
		cursor, more = page.NextCursor, page.NextCursor != ""
	}
	t.raise(began)
	return found, nil
}

func (t *eventTail) note(id string) {
	t.seen[id] = true
	if id > t.newest {
		t.newest, t.newestAt = id, t.now()
	}
}

// raise lifts the floor after a reading that began then: what was made a
// tailWindow before it has appeared. The engine's clock was then at least at the
// newest id's time, and as much later as has passed since that was read.
func (t *eventTail) raise(began time.Time) {
	if t.newest == "" {
		return
	}
	passed := max(0, began.Sub(t.newestAt))
	t.floor = max(t.floor, floorID(idTime(t.newest).Add(passed-tailWindow)))
	for id := range t.seen {
		if id <= t.floor {
			delete(t.seen, id)
		}
	}
}

type eventPage struct {
	Data       []listedEvent `json:"data"`
	NextCursor string        `json:"nextCursor"`
}

func (t *eventTail) page(ctx context.Context, query url.Values) (page eventPage, err error) {
	if len(t.patterns) == 1 {
		query.Set("event", t.patterns[0])
	}
	for name := range query {
		if query.Get(name) == "" {
			query.Del(name)
		}
	}
	return page, t.api.do(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil, &page)
}

// wants sorts out what several patterns leave: the engine takes one.
func (t *eventTail) wants(event string) bool {
	return len(t.patterns) < 2 || slices.ContainsFunc(t.patterns, func(p string) bool { return schemas.EventPattern(p).Matches(event) })
}

// floorID is below every id made from that moment on.
func floorID(at time.Time) string {
	var id ulid.ULID
	_ = id.SetTime(uint64(max(0, at.UnixMilli()))) // it fails in the year 10889
	return domain.PrefixEvent + id.String()
}

// idTime is when an id was made, by the clock of who made it.
func idTime(id string) time.Time {
	parsed, err := ulid.ParseStrict(strings.TrimPrefix(id, domain.PrefixEvent))
	if err != nil {
		return time.Time{}
	}
	return ulid.Time(parsed.Time())
}
