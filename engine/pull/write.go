package pull

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// partPull is all that this package writes.
const partPull domain.PartKind = "pull"

type written []store.Statement

func (written) PartOf() domain.PartKind { return partPull }

// Register makes the applier write this package's tables: also where nobody reads
// streams, but connections are deleted.
func Register(a *store.Applier) {
	a.Register(partPull, func(p domain.Part) ([]store.Statement, error) { return p.(written), nil })
}

// Gone is what a connection's deletion writes: its streams are read no more, and
// Expire removes what was read.
func Gone(id domain.ConnectionID, at time.Time) domain.Part {
	return written{{
		SQL:  `UPDATE pull_stream SET gone_at = $1, due_at = $2, asked_run = '' WHERE connection_id = $3 AND gone_at = 0`,
		Args: []any{domain.Micros(at), domain.Micros(never), id}, Rows: store.AnyRows,
	}}
}
