package corridor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// What the audit calls the deeds of persons.
const (
	deedCreate = "corridor.create"
	deedChange = "corridor.change"
	deedDelete = "corridor.delete"
)

// maxChanges bounds how often a change is tried when others change the same
// thing at the same time.
const maxChanges = 32

// errOvertaken is a write that found another version than was read.
var errOvertaken = errors.New("corridor: somebody else was faster")

// Put makes the corridor or changes what p names of it. A change is seen at once
// here, and within CacheFor on other nodes; payments that were accepted before
// keep what they were accepted with.
func (s *Service) Put(ctx context.Context, env domain.EnvironmentID, operator, country string, p Patch, actor string) (c domain.Corridor, made bool, err error) {
	k := key{env, operator, country}
	s.changing.Lock() // neighbours would only take turns at trying
	defer s.changing.Unlock()
	for try := 1; ; try++ {
		c, made, err = s.put(ctx, k, p, actor)
		switch {
		case !errors.Is(err, errOvertaken):
			return c, made, err
		case try == maxChanges:
			return c, made, ErrChanged
		}
	}
}

func (s *Service) put(ctx context.Context, k key, p Patch, actor string) (c domain.Corridor, made bool, err error) {
	was, err := s.read(ctx, k)
	if errors.Is(err, ErrNotFound) {
		made, err = true, nil
	}
	if err != nil {
		return c, false, err
	}
	is := was
	if err := s.lay(ctx, k, &is.Corridor, p, made); err != nil {
		return c, false, err
	}
	is.UpdatedAt = domain.FromMicros(domain.Micros(s.cfg.Store.Now()))
	deed, row := deedChange, updateCorridor(is)
	if made {
		is.CreatedAt = is.UpdatedAt
		deed, row = deedCreate, insertCorridor(is.Corridor)
	}
	err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{written{row}, domain.AuditEntry{
		Environment: k.environment, Actor: actor, Action: deed, Subject: k.String(), Detail: changed(was.Corridor, is.Corridor), At: is.UpdatedAt,
	}}})
	s.corridors.drop(k) // whatever the answer: after an unknown commit too
	return is.Corridor, made, err
}

// Delete removes a corridor. Payments that were accepted before go on.
func (s *Service) Delete(ctx context.Context, env domain.EnvironmentID, operator, country, actor string) error {
	k := key{env, operator, country}
	err := s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{
		written{{
			SQL:  `DELETE FROM corridor WHERE environment_id = $1 AND operator = $2 AND country = $3`,
			Args: []any{env, operator, country}, Rows: 1, Err: ErrNotFound,
		}},
		domain.AuditEntry{Environment: env, Actor: actor, Action: deedDelete, Subject: k.String(), At: s.cfg.Store.Now()},
	}})
	s.corridors.drop(k)
	if err != nil {
		return fmt.Errorf("delete corridor %s: %w", k, err)
	}
	return nil
}

// changed lists what differs between two states, as the API calls it. Nothing of
// it is secret, and who has changed a price is asked for with the price.
func changed(was, is domain.Corridor) string {
	var list []string
	for _, m := range []struct {
		name    string
		was, is any
	}{
		{"connectionId", was.Connection, is.Connection}, {"enabled", was.Enabled, is.Enabled}, {"currency", was.Currency, is.Currency},
		{"commissionBps", was.CommissionBps, is.CommissionBps}, {"merchantAbsorptionPct", was.MerchantAbsorptionPct, is.MerchantAbsorptionPct},
		{"unknownMsisdnPolicy", was.UnknownMSISDNPolicy, is.UnknownMSISDNPolicy},
	} {
		switch {
		case was.Operator == "":
			list = append(list, fmt.Sprintf("%s %v", m.name, m.is))
		case m.was != m.is:
			list = append(list, fmt.Sprintf("%s %v to %v", m.name, m.was, m.is))
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}
