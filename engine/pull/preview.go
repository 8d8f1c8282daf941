package pull

import (
	"context"

	"github.com/afara-dev/afara/engine/domain"
)

// MaxPreview is how many records a preview shows at most.
const MaxPreview = 100

// maxShown bounds the documents of one answer, in bytes.
const maxShown = 4 << 20

// Previewed is what a run would read now.
type Previewed struct {
	Records   []domain.PulledRecord
	CaughtUp  bool
	Remaining *int64 // nil when the vendor does not tell
}

// Preview reads what comes after the stored position, stores nothing and
// acknowledges nothing. The error of a connector that refuses is a
// *domain.ConnectorError.
func (s *Service) Preview(ctx context.Context, c Connection, stream string, limit int) (Previewed, error) {
	if _, err := s.named(c, stream); err != nil {
		return Previewed{}, err
	}
	is, err := s.state(ctx, streamKey{c.Ref.ID, stream})
	if err != nil && !moved(err) {
		return Previewed{}, err
	}
	limit = min(limit, MaxPreview)
	var p Previewed
	bytes := 0
	out := s.cfg.Connectors.Pull(ctx, domain.Pull{Connection: c.Ref, Stream: stream, Cursor: is.cursor, Limit: limit, Preview: true}, func(b domain.PullBatch) bool {
		for _, r := range b.Records {
			if bytes += len(r.Document.Body); bytes > maxShown {
				p.CaughtUp = false
				return false
			}
			p.Records = append(p.Records, r)
		}
		p.CaughtUp, p.Remaining = b.CaughtUp, b.Remaining
		return len(p.Records) < limit
	})
	if out.Class != domain.ClassResult {
		return Previewed{}, out.Error
	}
	return p, nil
}
