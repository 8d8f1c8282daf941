package main_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/oklog/ulid/v2"
)

// fakeEngine has the routes of events and no engine behind them, so that a test
// decides what is stored when. Its key is all that it lets in.
type fakeEngine struct {
	*httptest.Server
	mu     sync.Mutex
	events []fakeEvent // in the order of ids
	down   bool
	asked  int // pages, while up
	posted []string
}

type fakeEvent struct {
	EventID    string          `json:"eventId"`
	Event      string          `json:"event"`
	BusinessID string          `json:"businessId"`
	OccurredAt string          `json:"occurredAt"`
	Sequence   int64           `json:"sequence"`
	ResourceID *string         `json:"resourceId"`
	Data       json.RawMessage `json:"data"`
	Deliveries int             `json:"deliveries"`
}

const fakeKey = "key_01K1X2Z26VPAVPTMTA3CGTWCQ8:secret"

func newFakeEngine(t *testing.T) *fakeEngine {
	f := &fakeEngine{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/events", f.list)
	mux.HandleFunc("POST /v1/events", f.publish)
	f.Server = httptest.NewServer(f.guarded(mux))
	t.Cleanup(f.Close)
	return f
}

func (f *fakeEngine) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch {
		case f.down:
			problem(w, http.StatusServiceUnavailable, `{"code":"store_unavailable","detail":"The database cannot answer now.","errors":[]}`)
		case r.Header.Get("Authorization") != "Bearer "+fakeKey:
			problem(w, http.StatusUnauthorized, `{"code":"unauthenticated","detail":"This key is not known.","errors":[]}`)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func problem(w http.ResponseWriter, status int, doc string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, doc)
}

func (f *fakeEngine) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "50"))
	if err != nil || limit > 200 {
		problem(w, http.StatusBadRequest, `{"code":"invalid_query","detail":"limit"}`)
		return
	}
	f.asked++
	family := strings.TrimSuffix(q.Get("event"), "*")
	all := slices.DeleteFunc(slices.Clone(f.events), func(e fakeEvent) bool {
		return !strings.HasPrefix(e.Event, family) || e.OccurredAt < q.Get("since") || q.Get("order") == "asc" && e.EventID <= q.Get("cursor")
	})
	if q.Get("order") != "asc" {
		slices.Reverse(all)
	}
	var next *string
	if len(all) > limit {
		all = all[:limit]
		next = &all[limit-1].EventID
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]any{"success": true, "data": append([]fakeEvent{}, all...), "nextCursor": next})
}

func (f *fakeEngine) publish(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.posted = append(f.posted, strings.TrimSpace(string(body)))
	if strings.Contains(string(body), "refuse me") {
		problem(w, http.StatusUnprocessableEntity, `{"code":"invalid","detail":"The event breaks a rule.","errors":[{"pointer":"/data/amountKobo","code":"type","detail":"is no integer","fix":"write kobo"}]}`)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"success":true,"data":{"eventId":"evt_01K1X2Z26VPAVPTMTA3CGTWCQ8"}}`)
}

// store puts an event with an id of now among the others and answers the id.
func (f *fakeEngine) store(event, data string) string {
	return f.storeAs("evt_"+ulid.Make().String(), event, data)
}

func (f *fakeEngine) storeAs(id, event, data string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, fakeEvent{
		EventID: id, Event: event, BusinessID: "org_01K1X2Z26VPAVPTMTA3CGTWCQ8", OccurredAt: "2026-04-17T10:30:00.000Z", Sequence: 3, Data: json.RawMessage(data),
	})
	slices.SortFunc(f.events, func(a, b fakeEvent) int { return strings.Compare(a.EventID, b.EventID) })
	return id
}

func (f *fakeEngine) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *fakeEngine) pages() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}
