package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestAStoreIsMadeOnceForEachKeyAndStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audit := newAuditor(w)
	const body = `{"slug":"market-cocody","name":"Marché de Cocody"}`
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			var m shownStore
			w.want(http.StatusCreated, &m, w.ours.write, "POST", "/si/stores", body, "Idempotency-Key", "store-1")
			if (m != shownStore{"market-cocody", "Marché de Cocody", true}) {
				t.Errorf("%+v", m)
			}
		})
	}
	group.Wait()
	audit.want(w.ours.write, "store.create market-cocody name, active")
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/si/stores", body)
	if got := faultsOf(t, p); got != "taken@/slug" {
		t.Error(got)
	}
	path := "/si/stores/market-cocody"
	var m shownStore
	w.want(http.StatusOK, &m, w.ours.write, "PUT", path, `{"name":"Cocody"}`)
	w.want(http.StatusOK, &m, w.ours.write, "DELETE", path, "")
	if (m != shownStore{"market-cocody", "Cocody", false}) {
		t.Errorf("%+v", m)
	}
	audit.want(w.ours.write, "store.change market-cocody name", "store.disable market-cocody active")
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/si/stores", body) // its payments have the name
	w.want(http.StatusOK, &m, w.ours.write, "PUT", path, `{"active":true}`)
	if !m.Active {
		t.Errorf("%+v", m)
	}
	w.refused(http.StatusNotFound, "store_not_found", w.ours.write, "PUT", "/si/stores/none", `{}`)
}

func TestAStoreIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(http.StatusCreated, nil, w.ours.write, "POST", "/si/stores", `{"slug":"a"}`)
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/si/stores", `{}`, "required@/slug"},
		{"POST", "/si/stores", `{"slug":"Cocody","name":" x","active":1}`, "type@/active blank@/name pattern@/slug"},
		{"PUT", "/si/stores/a", `{"slug":"b","name":"` + strings.Repeat("é", 101) + `"}`, "max_length@/name unknown_field@/slug"},
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, c.method, c.path, c.body)
		if got := faultsOf(t, p); got != c.want {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
}

func TestStoresAreListedByPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, slug := range []string{"c", "a", "b"} {
		w.want(http.StatusCreated, nil, w.ours.write, "POST", "/si/stores", `{"slug":"`+slug+`"}`)
	}
	seen, cursor := "", ""
	for range 3 {
		var list struct {
			Data       []shownStore
			NextCursor *string
		}
		w.want(http.StatusOK, &list, w.ours.read, "GET", "/si/stores?limit=2"+cursor, "")
		for _, m := range list.Data {
			seen += m.Slug
		}
		if list.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *list.NextCursor
	}
	if seen != "abc" {
		t.Error(seen)
	}
}
