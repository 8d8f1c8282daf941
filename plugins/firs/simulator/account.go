package simulator

import (
	"crypto/subtle"
	"slices"
	"strings"
)

// accounts finds businesses. Its maps are guarded by Simulator.mu; a taxpayer
// is never changed, only replaced.
type accounts struct {
	byID, byTIN, byService map[string]*taxpayer
	byKey                  map[string]credential
}

// credential is one key pair.
type credential struct {
	owner  string // business id
	secret string
	// integrator marks the first pair of a business that also has a second.
	integrator bool
}

func newAccounts() accounts {
	return accounts{
		byID: map[string]*taxpayer{}, byTIN: map[string]*taxpayer{},
		byService: map[string]*taxpayer{}, byKey: map[string]credential{},
	}
}

func (a *accounts) add(t *taxpayer) {
	a.byID[t.BusinessID], a.byTIN[t.TIN], a.byService[t.ServiceID] = t, t, t
	a.byKey[t.APIKey] = credential{owner: t.BusinessID, secret: t.APISecret, integrator: t.APPKey != ""}
	if t.APPKey != "" {
		a.byKey[t.APPKey] = credential{owner: t.BusinessID, secret: t.APPSecret}
	}
}

// all is every business, oldest first.
func (a *accounts) all() []*taxpayer {
	list := make([]*taxpayer, 0, len(a.byID))
	for _, t := range a.byID {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *taxpayer) int {
		if c := x.CreatedAt.Compare(y.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(x.BusinessID, y.BusinessID)
	})
	return list
}

// login answers the business of a key pair. portal calls need the access
// point's pair where the business has one.
func (s *Simulator) login(key, secret string, portal bool) (*taxpayer, bool) {
	s.mu.Lock()
	c, found := s.accounts.byKey[key]
	owner := s.accounts.byID[c.owner]
	s.mu.Unlock()
	if !found || subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) != 1 {
		return nil, false
	}
	return owner, !(portal && c.integrator)
}
