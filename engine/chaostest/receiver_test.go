//go:build linux

package chaostest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// receiver takes callbacks, verifies them and keeps what it was told.
type receiver struct {
	*httptest.Server
	now     func() time.Time
	secrets []string

	mu     sync.Mutex
	total  int
	events map[string]told // by event id
	faults []string
}

// told is one event as it came, however often.
type told struct {
	Type     string `json:"event"`
	Sequence int64  `json:"sequence"`
	Data     struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"data"`
	body  string
	times int
}

func newReceiver(t *testing.T, now func() time.Time) *receiver {
	r := &receiver{now: now, events: map[string]told{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender died while sending; it comes again
	}
	r.check(req.Header, body, r.now())
	w.WriteHeader(http.StatusOK)
}

// check notes what came at a time, or what is wrong with it.
func (r *receiver) check(header http.Header, body []byte, at time.Time) {
	if err := r.note(header, body, at); err != nil {
		r.mu.Lock()
		r.faults = append(r.faults, err.Error())
		r.mu.Unlock()
	}
}

func (r *receiver) note(header http.Header, body []byte, at time.Time) error {
	if err := webhook.Verify(r.secrets, header, body, at, webhook.DefaultTolerance); err != nil {
		return err
	}
	var in struct {
		ID string `json:"eventId"`
		told
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	known, again := r.events[in.ID]
	if again && known.body != string(body) {
		return fmt.Errorf("event %s came with two bodies:\n%s\n%s", in.ID, known.body, body)
	}
	in.body, in.times = string(body), known.times+1
	r.events[in.ID] = in.told
	return nil
}

// ended gives for each invoice the types of the different events that came.
func (r *receiver) ended() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string][]string{}
	for _, e := range r.events {
		out[e.Data.ID] = append(out[e.Data.ID], e.Type)
	}
	return out
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}

func (r *receiver) wrong() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults
}
