package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// answer writes v as JSON. Answers are about one tenant's money: nobody on the
// way may keep them.
func answer(w http.ResponseWriter, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	answerRaw(w, status, raw)
	return nil
}

func answerRaw(w http.ResponseWriter, status int, raw []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the caller may be gone
}

// page is a list's answer.
type page[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"nextCursor"`
}

// success is the form of every answer under /v1/.
type success[T any] struct {
	Success bool `json:"success"`
	Data    T    `json:"data"`
}

// answerData answers one thing under /v1/.
func answerData[T any](w http.ResponseWriter, status int, data T) error {
	return answer(w, status, success[T]{true, data})
}

// answerPage answers a list under /v1/; next is empty at its end.
func answerPage[V any, T ~string](w http.ResponseWriter, data []V, next T) error {
	return answer(w, http.StatusOK, struct {
		success[[]V]
		NextCursor *string `json:"nextCursor"`
	}{success[[]V]{true, data}, text(next)})
}

// paged views a page of a list of which one more than limit was read, and says
// where the next page begins; "" at the end.
func paged[X, V any, T ~string](list []X, limit int, view func(X) V, id func(X) T) (views []V, next T) {
	if len(list) > limit {
		list = list[:limit]
		next = id(list[limit-1])
	}
	views = make([]V, len(list)) // never null
	for i, x := range list {
		views[i] = view(x)
	}
	return views, next
}

// unchanged sets the validators of an answer and says 304 when the caller has
// it already.
func unchanged(w http.ResponseWriter, r *http.Request, tag, cache string) bool {
	tag = `"` + tag + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", cache)
	for _, have := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if have = strings.TrimPrefix(strings.TrimSpace(have), "W/"); have == tag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

func wire(t time.Time) string { return t.UTC().Format(domain.WireTime) }

// text is nil for "", ready for a nullable member.
func text[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}
