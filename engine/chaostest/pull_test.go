//go:build linux

package chaostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/registry"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
)

// TestAKillBetweenBatchesLosesAndRepeatsNothing kills the engine with a batch in
// hand that is not stored, and after it was stored and before the connector was asked
// again, at the first, the second and the third batch.
func TestAKillBetweenBatchesLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, postgresRedis} {
		for _, point := range failpoint.Pulls() {
			t.Run(b.name+"/"+point, func(t *testing.T) {
				t.Parallel()
				dieBetweenBatches(t, b, point)
			})
		}
	}
}

// streamed is how many documents there are: seven pages of the echo connector.
const streamed = 650

func dieBetweenBatches(t *testing.T, b backend, point string) {
	w, v := bareWorld(t, b, usual, ""), newStreamed(t)
	w.name += "/" + point
	w.offline(func(e *engine.Engine) {
		env, _ := w.environment(e, "Adebayo Stores")
		settings, err := json.Marshal(map[string]string{"baseUrl": v.URL, "apiKey": "any-key-will-do"})
		must(t, err)
		_, err = e.Registry.Put(t.Context(), registry.NewConnection{Environment: env, Kind: domain.Sandbox, Connector: "echo", Enabled: true, Settings: settings})
		must(t, err)
	})
	for nth := 1; nth <= 3; nth++ {
		from := w.position(b)
		v.next()
		n := w.start(fmt.Sprintf("%s:%d", point, nth))
		if !n.ended(30 * time.Second) {
			t.Fatalf("%s:%d was not reached\n%s", point, nth, w.picture())
		}
		n.wasKilled(t)
		w.kills++
		if first := v.first(); first != from {
			t.Errorf("%s:%d: the first read began after %d, stored was %d", point, nth, first, from)
		}
		stored := nth
		if point == failpoint.PullRead {
			stored--
		}
		if is := w.position(b); is != from+100*stored {
			t.Errorf("%s:%d: the position is %d, want %d", point, nth, is, from+100*stored)
		}
	}
	w.start("")
	w.eventually(time.Minute, "all documents are stored", func() bool { return w.number(`SELECT COUNT(*) FROM pull_record`) == streamed })
	w.eventually(time.Minute, "the run has ended", func() bool { return w.number(`SELECT COUNT(*) FROM pull_run WHERE state = 'running'`) == 0 })
	for what, want := range map[string]int{
		`SELECT COUNT(DISTINCT key) FROM pull_record`:                        streamed,
		`SELECT COUNT(*) FROM pull_record WHERE version <> 1`:                0,
		`SELECT COALESCE(SUM(records_new), 0) FROM pull_run`:                 streamed,
		`SELECT COALESCE(SUM(records_changed), 0) FROM pull_run`:             0,
		`SELECT COUNT(*) FROM pull_run WHERE state = 'interrupted'`:          w.kills,
		`SELECT COUNT(*) FROM pull_run WHERE state IN ('failed', 'running')`: 0,
	} {
		if got := w.number(what); got != want {
			t.Errorf("%s = %d, want %d", what, got, want)
		}
	}
}

// position is the stored cursor, which must count the stored records.
func (w *world) position(b backend) int {
	w.t.Helper()
	cursor := `SELECT CAST(cursor AS TEXT) FROM pull_stream`
	if b.postgres {
		cursor = `SELECT encode(cursor, 'escape') FROM pull_stream`
	}
	rows, err := w.query(cursor)
	must(w.t, err)
	n := 0
	if len(rows) > 0 && rows[0] != "" {
		n, err = strconv.Atoi(rows[0])
		must(w.t, err)
	}
	if records := w.number(`SELECT COUNT(*) FROM pull_record`); records != n {
		w.t.Errorf("the position is %d and %d records are stored", n, records)
	}
	return n
}

// streamedRegistry is the echo connector's vendor, which notes where each node
// began to read.
type streamedRegistry struct {
	*httptest.Server
	mu     sync.Mutex
	afters []int
}

func newStreamed(t *testing.T) *streamedRegistry {
	t.Helper()
	v := &streamedRegistry{}
	authority := echo.New(echo.Options{})
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if after, err := strconv.Atoi(r.FormValue("after")); err == nil && r.Method == http.MethodGet {
			v.mu.Lock()
			v.afters = append(v.afters, after)
			v.mu.Unlock()
		}
		authority.ServeHTTP(w, r)
	}))
	t.Cleanup(v.Close)
	for n := range streamed {
		body := []byte(`{"issueDate":"2026-01-31","currency":"NGN","payable":104.28,"taxExclusive":97}`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, fmt.Sprintf("%s/v1/documents/DOC%04d", v.URL, n), bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Authorization", "Bearer any-key-will-do")
		resp, err := client.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("register document %d: %s", n, resp.Status)
		}
	}
	return v
}

// next forgets what was asked so far; first is what was asked first since.
func (v *streamedRegistry) next() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.afters = nil
}

func (v *streamedRegistry) first() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.afters) == 0 {
		return -1
	}
	return v.afters[0]
}
