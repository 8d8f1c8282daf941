package audit

import (
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Register makes the applier write domain.AuditEntry.
func Register(a *store.Applier) { a.Register(domain.PartAudit, write) }

func write(p domain.Part) ([]store.Statement, error) {
	e := p.(domain.AuditEntry)
	return []store.Statement{{
		SQL:  `INSERT INTO audit (id, environment_id, actor, action, subject, detail, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		Args: []any{domain.NewID[domain.AuditID](domain.PrefixAudit), e.Environment, e.Actor, e.Action, e.Subject, e.Detail, domain.Micros(e.At)}, Rows: 1,
	}}, nil
}
