//go:build linux

package chaostest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// errAgain is an answer after which the same request is sent again.
var errAgain = errors.New("not accepted yet")

// post submits invoices with those numbers from several callers at once, and
// returns when each of them was accepted: until its 202 was read, a request is
// repeated with the same key.
func (w *world) post(key string, callers int, numbers []string) {
	queue := make(chan string, len(numbers))
	for _, n := range numbers {
		queue <- n
	}
	close(queue)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for n := range queue {
				w.accept(key, n)
			}
		})
	}
	group.Wait()
}

// ahead is how many invoices postUntil lets lie before it submits another.
const ahead = 100

// postUntil submits invoices from several callers, and not many more than have
// ended, until enough is closed.
func (w *world) postUntil(key string, callers int, prefix string, enough <-chan struct{}) {
	var group sync.WaitGroup
	var last atomic.Int64
	over := func() bool {
		select {
		case <-enough:
			return true
		case <-w.t.Context().Done():
			return true
		default:
			return false
		}
	}
	for range callers {
		group.Go(func() {
			for !over() {
				if int(last.Load())-w.receiver.count() < ahead {
					w.accept(key, fmt.Sprintf("%s%05d", prefix, last.Add(1)))
					continue
				}
				within(time.Second, func() bool { return over() || int(last.Load())-w.receiver.count() < ahead })
			}
		})
	}
	group.Wait()
}

// background runs callers beside the test, which waits for them however it
// ends; the answer is closed at their end.
func (w *world) background(f func()) <-chan struct{} {
	ended := make(chan struct{})
	w.posting.Go(func() {
		defer close(ended)
		f()
	})
	return ended
}

// accept submits one invoice until it is accepted.
func (w *world) accept(key, number string) {
	w.insist("invoice "+number, func() error {
		id, err := w.submit(key, number)
		if err == nil {
			w.mu.Lock()
			w.accepted[number] = id
			w.mu.Unlock()
		}
		return err
	})
}

// insistence is how long a request is repeated: much longer than the engine is
// away on a busy machine, for it is no measure of it.
const insistence = 5 * time.Minute

// insist repeats a request while its answer is errAgain.
func (w *world) insist(what string, request func() error) {
	var last error
	accepted := within(insistence, func() bool {
		last = request()
		// Refused for good is no use to repeat, nor is anything after the test.
		return !errors.Is(last, errAgain) || w.t.Context().Err() != nil
	})
	if w.t.Context().Err() == nil && (!accepted || last != nil) {
		w.t.Errorf("%s was not accepted: %v", what, last)
	}
}

func (w *world) submit(key, number string) (string, error) {
	invoice := map[string]any{}
	if err := json.Unmarshal(schemas.Sample(number, w.pace.Anchor.UTC().Format("2006-01-02")), &invoice); err != nil {
		return "", err
	}
	invoice["callback_url"] = w.receiver.URL
	maps.Copy(invoice, w.extra[key])
	var answer struct {
		ID string `json:"id"`
	}
	status, err := w.call(key, http.MethodPost, "/si/invoices", number, map[string]any{"invoice": invoice}, &answer)
	return answer.ID, verdict(status, answer.ID, err)
}

// verdict is nil for a 202 that names what was accepted, and errAgain for what
// passes.
func verdict(status int, id string, err error) error {
	switch {
	case status == http.StatusAccepted && id != "":
		return nil
	case status == 0, status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("%w: status %d: %w", errAgain, status, err)
	}
	return fmt.Errorf("status %d: %w", status, err)
}

// client is the tests' own: a server of httptest that closes breaks off requests
// of Go's default one, whoever made them.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// call makes one request of the API; status 0 says that no answer came.
func (w *world) call(key, method, path, idempotency string, body, out any) (status int, err error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.address()+path, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err // an answer cut short is none
	}
	if resp.StatusCode >= 400 {
		return resp.StatusCode, fmt.Errorf("%s %s: %s", method, path, text)
	}
	return resp.StatusCode, json.Unmarshal(text, out)
}

func (w *world) acceptedIDs() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[string]string, len(w.accepted))
	for n, id := range w.accepted {
		out[id] = n
	}
	return out
}

// numbered makes n invoice numbers.
func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%05d", prefix, i+1)
	}
	return out
}
