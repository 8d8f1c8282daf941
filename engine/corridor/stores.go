package corridor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
)

// StorePatch is what a caller says of a store; what is nil stays as it is, or
// takes its default on a new one.
type StorePatch struct {
	// Slug is unique in the environment and never changes.
	Slug   *string `json:"slug"`
	Name   *string `json:"name"`   // default: the slug
	Active *bool   `json:"active"` // default true
	// Form is what is wrong with the form of all this. What it is against may be
	// missing above, or be anything.
	Form domain.Form `json:"-"`
}

// What the audit calls the deeds of persons.
const (
	deedStoreCreate  = "store.create"
	deedStoreChange  = "store.change"
	deedStoreDisable = "store.disable"
)

const (
	maxSlug      = 80
	maxStoreName = 100
)

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// errStoreMade is a store whose slug was free a moment ago.
var errStoreMade = errors.New("corridor: a store of this slug was made meanwhile")

// CreateStore drafts a new store of an environment; the caller makes the answer
// from it.
func (s *Service) CreateStore(ctx context.Context, env domain.EnvironmentID, p StorePatch, actor string) (domain.MerchantStore, domain.Draft, error) {
	m := domain.MerchantStore{Environment: env, Active: true, CreatedAt: domain.FromMicros(domain.Micros(s.cfg.Store.Now()))}
	set(&m.Slug, p.Slug)
	m.Name = m.Slug
	faults := checkSlug(p.Slug)
	faults = append(faults, layStore(&m, p)...)
	if len(faults) == 0 {
		switch _, err := s.readStore(ctx, storeKey{env, m.Slug}); {
		case err == nil:
			faults = append(faults, slugTaken())
		case !errors.Is(err, ErrStoreNotFound):
			return m, domain.Draft{}, err
		}
	}
	if err := refusal(p.Form, faults); err != nil {
		return m, domain.Draft{}, err
	}
	return m, domain.Draft{
		Parts: []domain.Part{written{insertStore(m)}, domain.AuditEntry{
			Environment: env, Actor: actor, Action: deedStoreCreate, Subject: m.Slug, Detail: storeChanged(domain.MerchantStore{}, m), At: m.CreatedAt,
		}},
		Done: true,
		Explain: func(_ context.Context, err error) error {
			if errors.Is(err, errStoreMade) {
				return refusal(domain.Form{}, []domain.FieldError{slugTaken()})
			}
			return err
		},
	}, nil
}

// UpdateStore changes what p names and answers the store.
func (s *Service) UpdateStore(ctx context.Context, env domain.EnvironmentID, slug string, p StorePatch, actor string) (domain.MerchantStore, error) {
	return s.changeStore(ctx, storeKey{env, slug}, p, deedStoreChange, actor)
}

// DisableStore keeps new payments from a store. It stays, for its payments name
// it, and can be made active again.
func (s *Service) DisableStore(ctx context.Context, env domain.EnvironmentID, slug, actor string) (domain.MerchantStore, error) {
	no := false
	return s.changeStore(ctx, storeKey{env, slug}, StorePatch{Active: &no}, deedStoreDisable, actor)
}

// changeStore reads a store, changes it and stores it if nobody else has changed
// it meanwhile.
func (s *Service) changeStore(ctx context.Context, k storeKey, p StorePatch, deed, actor string) (domain.MerchantStore, error) {
	s.changing.Lock() // neighbours would only take turns at trying
	defer s.changing.Unlock()
	for try := 1; ; try++ {
		was, err := s.readStore(ctx, k)
		if err != nil {
			return domain.MerchantStore{}, err
		}
		is := was
		if err := refusal(p.Form, layStore(&is.MerchantStore, p)); err != nil {
			return domain.MerchantStore{}, err
		}
		err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{written{updateStore(is)}, domain.AuditEntry{
			Environment: k.environment, Actor: actor, Action: deed, Subject: k.slug, Detail: storeChanged(was.MerchantStore, is.MerchantStore), At: s.cfg.Store.Now(),
		}}})
		s.stores.drop(k) // whatever the answer: after an unknown commit too
		switch {
		case !errors.Is(err, errOvertaken):
			return is.MerchantStore, err
		case try == maxChanges:
			return domain.MerchantStore{}, ErrStoreChanged
		}
	}
}

// ShownStore reads one store, active or not.
func (s *Service) ShownStore(ctx context.Context, env domain.EnvironmentID, slug string) (domain.MerchantStore, error) {
	found, err := s.readStore(ctx, storeKey{env, slug})
	return found.MerchantStore, err
}

// Stores lists at most limit of an environment's, by slug, those after a slug.
func (s *Service) Stores(ctx context.Context, env domain.EnvironmentID, after string, limit int) ([]domain.MerchantStore, error) {
	rows, err := s.selectStores(ctx, `environment_id = $1 AND slug > $2 ORDER BY slug LIMIT $3`, env, after, int64(limit))
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	out := make([]domain.MerchantStore, len(rows))
	for i, r := range rows {
		out[i] = r.MerchantStore
	}
	return out, nil
}

func layStore(m *domain.MerchantStore, p StorePatch) []domain.FieldError {
	set(&m.Name, p.Name)
	set(&m.Active, p.Active)
	if p.Name == nil {
		return nil
	}
	fault := func(code, detail, fix string) []domain.FieldError {
		return []domain.FieldError{{Pointer: "/name", Code: code, Detail: detail, Fix: fix}}
	}
	switch {
	case m.Name == "":
		return fault("min_length", "is empty", "give a name, or leave it out")
	case m.Name != strings.TrimSpace(m.Name):
		return fault("blank", "begins or ends with a blank", "trim it")
	case strings.ContainsFunc(m.Name, unicode.IsControl):
		return fault("text", "holds control characters", "use plain text")
	case utf8.RuneCountInString(m.Name) > maxStoreName:
		return fault("max_length", fmt.Sprintf("is longer than %d characters", maxStoreName), "shorten it")
	}
	return nil
}

func checkSlug(slug *string) []domain.FieldError {
	fault := func(code, detail, fix string) []domain.FieldError {
		return []domain.FieldError{{Pointer: "/slug", Code: code, Detail: detail, Fix: fix}}
	}
	switch {
	case slug == nil:
		return fault("required", "is missing", "give the store a short name of its own, like market-cocody")
	case len(*slug) > maxSlug:
		return fault("max_length", fmt.Sprintf("is longer than %d characters", maxSlug), "shorten it")
	case !slugPattern.MatchString(*slug):
		return fault("pattern", "is not of small letters and digits with single hyphens between them", "write it like market-cocody")
	}
	return nil
}

func slugTaken() domain.FieldError {
	return domain.FieldError{Pointer: "/slug", Code: "taken", Detail: "is that of another store of this environment, active or not", Fix: "give it one of its own, or change that store"}
}

// storeChanged lists what differs between two states, as the API calls it.
func storeChanged(was, is domain.MerchantStore) string {
	var list []string
	if was.Name != is.Name {
		list = append(list, "name")
	}
	if was.Active != is.Active {
		list = append(list, "active")
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}
