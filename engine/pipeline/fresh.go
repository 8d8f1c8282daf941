package pipeline

import (
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// accepted is what this process has just accepted. Its first claim finds
// message, document and resource as they were inserted, for whatever changes
// them (a correction, a void) removes the row of work with them.
type accepted struct {
	message  domain.Message
	document schemas.Document
	resource domain.Resource
}

// remember looks through a committed change for a new message with its document
// and its resource.
func (p *Pipeline) remember(parts []domain.Part) {
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
	p.fresh.Keep(domain.WorkID(a.message.ID), a, len(a.document.Body))
}

// recall fills the runs of first claims and answers those that must be read.
func (p *Pipeline) recall(runs map[domain.WorkID]*Run) (unknown []domain.MessageID) {
	for id, r := range runs {
		a, ok := p.fresh.Take(r.work)
		if !ok {
			unknown = append(unknown, domain.MessageID(id))
			continue
		}
		r.message, r.document, r.resource = a.message, a.document, a.resource
	}
	return unknown
}
