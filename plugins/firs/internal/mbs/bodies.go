package mbs

import "sync"

// maxBodies and maxBodyBytes bound what Bodies keeps: messages between validate
// and sign.
const (
	maxBodies    = 1024
	maxBodyBytes = 64 << 20
)

// Bodies keeps the bodies that were validated until they are signed, so that
// what is signed is what was validated, and is built once. It is a cache: a
// body that is not there is built again. Safe for concurrent use.
type Bodies struct {
	mu    sync.Mutex
	kept  map[BodyKey][]byte
	order []BodyKey // oldest first; may name bodies that were taken
	bytes int       // of the bodies that are kept
}

// BodyKey is the document's digest and the reference it is sent under.
type BodyKey struct {
	Digest [32]byte
	IRN    string
}

// Keep remembers a body; the oldest gives way.
func (b *Bodies) Keep(k BodyKey, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[BodyKey][]byte{}
	}
	b.drop(k)
	b.kept[k] = body
	b.bytes += len(body)
	b.order = append(b.order, k)
	for len(b.order) > maxBodies || b.bytes > maxBodyBytes {
		b.drop(b.order[0])
		b.order = b.order[1:]
	}
}

// drop forgets a body and answers it.
func (b *Bodies) drop(k BodyKey) ([]byte, bool) {
	body, ok := b.kept[k]
	b.bytes -= len(body)
	delete(b.kept, k)
	return body, ok
}

// Take answers a kept body once.
func (b *Bodies) Take(k BodyKey) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drop(k)
}
