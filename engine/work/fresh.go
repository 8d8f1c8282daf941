package work

import (
	"sync"

	"github.com/afara-dev/afara/engine/domain"
)

// Fresh keeps what this process has just stored together with a row of work,
// until the row's first claim: a claim of epoch 1 finds it as it was inserted.
// It is a cache: what is not there is read. Its zero value is ready, its methods
// may be called concurrently.
type Fresh[T any] struct {
	mu    sync.Mutex
	kept  map[domain.WorkID]fresh[T]
	order []domain.WorkID // oldest first; may name what was taken
	bytes int             // of what is kept
}

type fresh[T any] struct {
	item  T
	bytes int
}

// maxFresh and maxFreshBytes bound the cache: a backlog is read from the
// database.
const (
	maxFresh      = 1024
	maxFreshBytes = 64 << 20
)

// Keep keeps item, of about so many bytes, until id is claimed.
func (f *Fresh[T]) Keep(id domain.WorkID, item T, bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		f.kept = map[domain.WorkID]fresh[T]{}
	}
	f.drop(id)
	f.kept[id] = fresh[T]{item, bytes}
	f.bytes += bytes
	f.order = append(f.order, id)
	for len(f.order) > maxFresh || f.bytes > maxFreshBytes {
		f.drop(f.order[0])
		f.order = f.order[1:]
	}
}

// Take gives what is kept of a claimed row, once. It forgets what it kept of a
// row that somebody else has had since.
func (f *Fresh[T]) Take(w domain.Work) (item T, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	item, ok = f.drop(w.ID)
	if w.Epoch != 1 {
		var none T
		return none, false
	}
	return item, ok
}

func (f *Fresh[T]) drop(id domain.WorkID) (T, bool) {
	k, ok := f.kept[id]
	f.bytes -= k.bytes
	delete(f.kept, id)
	return k.item, ok
}
