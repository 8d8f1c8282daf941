package engine_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/secret"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
)

// registryOfDocuments is the echo connector's vendor, which notes how it is read.
type registryOfDocuments struct {
	*httptest.Server
	mu     sync.Mutex
	made   int
	afters []int // what the lists were asked to begin after
	inside int   // lists under way
	most   int   // that ever were at once
	// hold is closed to let lists go on that begin after a number; nil for none.
	hold      chan struct{}
	holdAfter int
}

const echoKey = "echo-key-1"

func newRegistryOfDocuments(t *testing.T) *registryOfDocuments {
	v := &registryOfDocuments{}
	authority := echo.New(echo.Options{APIKey: echoKey})
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/documents" && r.Method == http.MethodGet {
			defer v.reads(r)()
		}
		authority.ServeHTTP(w, r)
	}))
	t.Cleanup(v.Close)
	return v
}

// reads notes a list and its end.
func (v *registryOfDocuments) reads(r *http.Request) (end func()) {
	after, _ := strconv.Atoi(r.FormValue("after"))
	v.mu.Lock()
	v.afters = append(v.afters, after)
	v.inside++
	v.most = max(v.most, v.inside)
	hold, from := v.hold, v.holdAfter
	v.mu.Unlock()
	if hold != nil && after >= from {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	return func() { v.mu.Lock(); v.inside--; v.mu.Unlock() }
}

// asked are what the lists were asked to begin after, so far.
func (v *registryOfDocuments) asked() []int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]int{}, v.afters...)
}

// makes registers more documents.
func (v *registryOfDocuments) makes(t *testing.T, n int) {
	t.Helper()
	for range n {
		v.made++
		body := `{"issueDate":"2026-01-31","currency":"NGN","payable":104.28,"taxExclusive":97.00}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, v.URL+"/v1/documents/"+reference(v.made), bytes.NewReader([]byte(body)))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+echoKey)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("register document %d: %s", v.made, resp.Status)
		}
	}
}

func reference(n int) string { return fmt.Sprintf("DOC%04d", n) }

// echoed puts a connection to v that is read every five seconds.
func (w *world) echoed(v *registryOfDocuments) (path string) {
	w.t.Helper()
	var c struct{ ID string }
	if code := w.call("POST", "/si/connections", map[string]any{
		"connector": "echo", "settings": map[string]any{"baseUrl": v.URL, "apiKey": echoKey}, "pollEverySeconds": 5,
	}, &c); code != http.StatusCreated {
		w.t.Fatal(code)
	}
	return "/si/connections/" + c.ID
}

type pulledRecord struct {
	Key      string
	Version  int
	Document struct{ Number int }
}

// documents are all that is stored of a connection's stream.
func (w *world) documents(path string) (all []pulledRecord) {
	w.t.Helper()
	var p struct {
		Data       []pulledRecord
		NextCursor *string
	}
	for next := ""; ; next = "&cursor=" + *p.NextCursor {
		p.NextCursor, p.Data = nil, nil
		if code := w.call("GET", path+"/records?stream=documents&limit=100"+next, nil, &p); code != http.StatusOK {
			w.t.Fatal(code)
		}
		all = append(all, p.Data...)
		if p.NextCursor == nil {
			return all
		}
	}
}

// holds fails unless exactly the documents that there are were stored, each once.
func (w *world) holds(v *registryOfDocuments, path string) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, r := range w.documents(path) {
		if seen[r.Key] || r.Version != 1 || r.Key != reference(r.Document.Number) {
			w.t.Errorf("%+v is there twice, or changed", r)
		}
		seen[r.Key] = true
	}
	for n := 1; n <= v.made; n++ {
		if !seen[reference(n)] {
			w.t.Errorf("document %d is lost", n)
		}
	}
	if len(seen) != v.made {
		w.t.Errorf("%d documents, want %d", len(seen), v.made)
	}
}

func (w *world) hasAll(v *registryOfDocuments, path string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%d documents are stored", v.made), func() bool { return len(w.documents(path)) == v.made })
}

func onPostgres(t *testing.T) func(*config.Config) {
	url := testserver.Postgres(t)
	return func(c *config.Config) { c.DatabaseURL = secret.Mask(url) }
}

// The documents of the echo connector's vendor come on schedule and when a person
// asks, and go with the connection.
func TestDocumentsArePulled(t *testing.T) {
	t.Parallel()
	for name, backend := range map[string]func(*testing.T) func(*config.Config){
		"sqlite": func(*testing.T) func(*config.Config) { return func(*config.Config) {} }, "postgres": onPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, v := start(t, backend(t)), newRegistryOfDocuments(t)
			v.makes(t, 250)
			path := w.echoed(v)
			w.hasAll(v, path)
			v.makes(t, 5)
			w.hasAll(v, path) // by the schedule
			w.holds(v, path)
			if code := w.call("PUT", path, map[string]any{"pollEverySeconds": 0}, nil); code != http.StatusOK {
				t.Fatal(code)
			}
			v.makes(t, 5)
			var preview struct {
				Records  []pulledRecord
				CaughtUp bool
			}
			if w.call("POST", path+"/preview", map[string]any{"stream": "documents", "limit": 100}, &preview); len(preview.Records) > 5 || !preview.CaughtUp {
				t.Errorf("%+v", preview)
			}
			var asked, runs struct {
				Runs, Data []struct {
					ID, State  string
					RecordsNew int
				}
			}
			if code := w.call("POST", path+"/sync", map[string]any{"stream": "documents"}, &asked); code != http.StatusAccepted || len(asked.Runs) != 1 {
				t.Fatalf("%d %+v", code, asked)
			}
			w.hasAll(v, path)
			w.holds(v, path)
			eventually(t, "the run that was asked for has ended", func() bool {
				w.call("GET", path+"/runs", nil, &runs)
				for _, r := range runs.Data {
					if r.ID == asked.Runs[0].ID {
						return r.State == "done"
					}
				}
				return false
			})
			w.call("POST", path+"/disable", nil, nil)
			eventually(t, "the connection is deleted", func() bool { return w.call("DELETE", path, nil, nil) == http.StatusOK })
			eventually(t, "what was read of it is gone", func() bool {
				return w.rows("pull_record") == 0 && w.rows("pull_run") == 0 && w.rows("pull_stream") == 0
			})
		})
	}
}

// rows counts those of a table.
func (w *world) rows(table string) (n int) {
	w.t.Helper()
	rows, err := w.engine.Store.Reader().Query(w.t.Context(), `SELECT COUNT(*) FROM `+table)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&n))
	}
	must(w.t, rows.Err())
	return n
}

// The engine stops between two batches. What was stored is not asked for again, and
// what was not stored comes with the next run.
func TestAnEngineThatStopsBetweenBatchesLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	w, v := start(t), newRegistryOfDocuments(t)
	v.makes(t, 350)
	v.hold, v.holdAfter = make(chan struct{}), 200
	path := w.echoed(v)
	eventually(t, "two batches are stored and the third is waited for", func() bool {
		asked := v.asked()
		return len(asked) == 3 && len(w.documents(path)) == 200
	})
	var runs struct {
		Data []struct {
			State          string
			RecordsRead    int
			Remaining      *int
			EstimatedEndAt *string
		}
	}
	w.call("GET", path+"/runs", nil, &runs)
	if r := runs.Data[0]; r.State != "running" || r.RecordsRead != 200 || *r.Remaining != 150 || r.EstimatedEndAt == nil {
		t.Errorf("%+v", runs)
	}
	w.stop()
	close(v.hold)
	w.run()
	w.hasAll(v, path)
	w.holds(v, path)
	if asked := v.asked(); fmt.Sprint(asked[:5]) != "[0 100 200 200 300]" {
		t.Errorf("the vendor was asked for what comes after %v", asked)
	}
	w.call("GET", path+"/runs", nil, &runs)
	if last := runs.Data[len(runs.Data)-1]; last.State != "interrupted" || last.RecordsRead != 200 {
		t.Errorf("%+v", runs)
	}
}

// Of two engines one at a time reads a stream; when it goes, the other goes on.
func TestTwoEnginesReadAStreamWithOneReader(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t)
	database := onPostgres(t)
	w := start(t, database, func(c *config.Config) { c.RedisURL = secret.Mask(redis.URL) })
	other := *w
	other.run()
	v := newRegistryOfDocuments(t)
	v.makes(t, 450)
	path := w.echoed(v)
	w.hasAll(v, path)
	for range 2 {
		v.makes(t, 150)
		other.hasAll(v, path)
	}
	w.stop()
	v.makes(t, 50)
	other.hasAll(v, path)
	other.holds(v, path)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.most != 1 {
		t.Errorf("%d readers at once", v.most)
	}
	for i, after := range v.afters[1:] {
		if after < v.afters[i] {
			t.Fatalf("what was stored was asked for again: %v", v.afters)
		}
	}
}
