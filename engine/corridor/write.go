package corridor

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// partCorridor is all that this package writes.
const partCorridor domain.PartKind = "corridor"

type written []store.Statement

// PartOf implements domain.Part.
func (written) PartOf() domain.PartKind { return partCorridor }

// Register makes the applier write this package's tables: also where nobody looks
// corridors up, but connections are deleted.
func Register(a *store.Applier) {
	a.Register(partCorridor, func(p domain.Part) ([]store.Statement, error) { return p.(written), nil })
}

// Gone refuses the deletion of a connection that a corridor names. Nobody can
// have named it meanwhile: it has been disabled for longer than a change takes.
func Gone(id domain.ConnectionID, _ time.Time) domain.Part {
	return written{{SQL: `UPDATE corridor SET version = version WHERE connection_id = $1`, Args: []any{id}, Rows: 0, Err: ErrCarries}}
}
