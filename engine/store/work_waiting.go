package store

import "github.com/afara-dev/afara/engine/domain"

func writeWake(p domain.Part) ([]Statement, error) {
	w := p.(domain.WorkWake)
	return []Statement{WakeNow(w.ID, w.DueAt)}, nil
}
