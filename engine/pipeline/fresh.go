package pipeline

import (
	"sync"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// fresh keeps what this process has just accepted until its first claim: a
// claim with epoch 1 finds message, document and resource as they were
// inserted, for whatever changes them (a correction, a void) removes the row
// of work with them. It is a cache: what is not there is read. Safe for
// concurrent use.
type fresh struct {
	mu    sync.Mutex
	kept  map[domain.MessageID]accepted
	order []domain.MessageID // oldest first; may name what was taken
	bytes int                // of the documents that are kept
}

type accepted struct {
	message  domain.Message
	document schemas.Document
	resource domain.Resource
}

// maxFresh and maxFreshBytes bound the cache: a backlog is read from the
// database.
const (
	maxFresh      = 1024
	maxFreshBytes = 64 << 20
)

// watch looks through a committed change for a new message with its document
// and its resource.
func (f *fresh) watch(parts []domain.Part) {
	var a accepted
	var document domain.StoredDocument
	for _, part := range parts {
		switch p := part.(type) {
		case domain.Message:
			a.message = p
		case domain.StoredDocument:
			document = p
		case domain.ResourcePart:
			if id, r := p.Resource(); id == a.message.Resource || a.message.ID == "" {
				a.resource = r
			}
		}
	}
	if a.message.ID == "" || a.resource == nil || a.message.Document != document.ID {
		return
	}
	a.document, a.message.Status = document.Document, domain.MessageOpen
	f.keep(a)
}

func (f *fresh) keep(a accepted) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept == nil {
		f.kept = map[domain.MessageID]accepted{}
	}
	f.drop(a.message.ID)
	f.kept[a.message.ID] = a
	f.bytes += len(a.document.Body)
	f.order = append(f.order, a.message.ID)
	for len(f.order) > maxFresh || f.bytes > maxFreshBytes {
		f.drop(f.order[0])
		f.order = f.order[1:]
	}
}

// drop forgets what is kept of a message and answers it.
func (f *fresh) drop(id domain.MessageID) (accepted, bool) {
	a, ok := f.kept[id]
	f.bytes -= len(a.document.Body)
	delete(f.kept, id)
	return a, ok
}

// take fills the runs of first claims and answers those that must be read.
func (f *fresh) take(runs map[domain.WorkID]*Run) (unknown []domain.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, r := range runs {
		a, ok := f.drop(domain.MessageID(id))
		if !ok || r.work.Epoch != 1 {
			unknown = append(unknown, domain.MessageID(id))
			continue
		}
		r.message, r.document, r.resource = a.message, a.document, a.resource
	}
	return unknown
}
