package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// hook is a receiver that answers as it is told and remembers what came.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	text   string
	got    []received
}

type received struct {
	header http.Header
	body   []byte
}

func (w *world) hook() *hook {
	h := &hook{status: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	w.t.Cleanup(h.Close)
	return h
}

func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, received{r.Header.Clone(), body})
	w.WriteHeader(h.status)
	_, _ = io.WriteString(w, h.text)
}

func (h *hook) answer(status int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.text = status, text
}

func (h *hook) requests() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received{}, h.got...)
}

// webhook is what tests read of a webhook's answer.
type webhook struct {
	ID, URL, Secret, Description string
	Events                       []string
	IsActive                     bool
	Headers                      map[string]string
	PreviousSecretUntil          string
}

// one is the answer about one thing, many a list of things.
type one[T any] struct {
	Success bool
	Data    T
}

type many[T any] struct {
	Success    bool
	Data       []T
	NextCursor *string
}

// webhook registers a receiver of ours that hears of everything.
func (w *world) webhook(url string) webhook {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"url": url, "events": []string{"*"}})
	must(w.t, err)
	var out one[webhook]
	w.want(http.StatusCreated, &out, w.ours.write, "POST", "/v1/webhooks", string(body))
	return out.Data
}

// aCustomer is valid data of customer.created.
const aCustomer = `{"customerId":"cus_1","name":"Ada Foods"}`

// published is an event of ours about a resource.
func (w *world) published(resource string) string {
	w.t.Helper()
	var out one[struct{ EventID string }]
	w.want(http.StatusAccepted, &out, w.ours.write, "POST", "/v1/events", `{"event":"customer.created","resourceId":"`+resource+`","data":`+aCustomer+`}`)
	return out.Data.EventID
}

// deliver makes every attempt that is due.
func (w *world) deliver() {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT id FROM work WHERE stage = 'deliver'`)
	must(w.t, err)
	var ids []domain.WorkID
	for rows.Next() {
		var id domain.WorkID
		must(w.t, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(w.t, rows.Err())
	rows.Close()
	if len(ids) == 0 {
		return
	}
	claimed, err := w.store.Claim(w.t.Context(), "node_1", 5*time.Minute, ids)
	must(w.t, err)
	loaded, err := w.callback.Load(w.t.Context(), claimed)
	must(w.t, err)
	for _, d := range loaded {
		w.callback.Deliver(w.t.Context(), d)
	}
}

// listed are our deliveries, the newest first.
func (w *world) listed(query string) []delivery {
	w.t.Helper()
	var out many[delivery]
	w.want(http.StatusOK, &out, w.ours.read, "GET", "/v1/deliveries"+query, "")
	return out.Data
}

type delivery struct {
	ID, EventID, Event, WebhookID, URL, Status string
	ReplayOf, LastReason, NextAttemptAt        *string
	LastStatus                                 *int
	Attempts                                   int
}
