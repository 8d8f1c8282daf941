package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Patch is what a caller says of a connection; what is nil stays as it is, or
// takes its default on a new one.
type Patch struct {
	Connector *string `json:"connector"`
	// Name is unique in the environment; default: the connector's.
	Name *string `json:"name"`
	// Settings are all of them. A secret that is schemas.SecretMask is the one
	// that is stored at the same place.
	Settings json.RawMessage `json:"settings"`
	// Capabilities are all that it shall serve, taken over from others; default:
	// those of the connector that nobody serves yet.
	Capabilities *[]string `json:"capabilities"`
	Enabled      *bool     `json:"enabled"` // default true
	// PollEverySeconds is how often its streams are read, default 60; 0 leaves it
	// to persons.
	PollEverySeconds *int64 `json:"pollEverySeconds"`
	// Version is the one that the caller has seen; another one is refused.
	Version *int64 `json:"version"`
	// Form is what is wrong with the form of all this. What it is against may be
	// missing above, or be anything.
	Form domain.Form `json:"-"`
	// free says that nobody had the name a moment ago; the commit tells.
	free bool
}

// plan is a connection as it shall be, and what that takes.
type plan struct {
	was, is Connection
	plain   json.RawMessage // the settings in clear; nil when they stay
	// exact says that capabilities are all that it shall serve; else they are
	// taken where nobody serves them.
	exact        bool
	capabilities []string
	opens        bool // the gate, whatever had closed it
	note         string
	deed         string
	actor        string
}

const (
	maxName = 100
	// MaxConnections bounds those of an environment, whose list has no pages.
	MaxConnections = 100
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]*$`)

// lay lays what a caller says over pl.is and names every fault of it at once,
// those of its form among them.
func (s *Service) lay(ctx context.Context, pl *plan, p Patch) error {
	isNew := pl.was.ID == ""
	m, faults := s.layConnector(pl, p)
	if m != nil {
		more, err := s.laySettings(ctx, pl, p, m)
		if err != nil {
			return err
		}
		faults = append(append(faults, more...), layCapabilities(pl, p, m)...)
	}
	more, err := s.layName(ctx, pl, p)
	if err != nil {
		return err
	}
	faults = append(append(faults, more...), layPolls(pl, p, isNew)...)
	if err := refusal(p.Form, faults); err != nil {
		return err
	}
	if !isNew && p.Connector != nil && *p.Connector != pl.was.Connector {
		return ErrConnectorFixed
	}
	layEnabled(pl, p, isNew)
	return nil
}

// refusal names every fault; nil when there is none.
func refusal(form domain.Form, rules []domain.FieldError) error {
	all, more := form.Join(rules)
	if len(all) == 0 {
		return nil
	}
	e := &domain.Error{
		Kind: domain.KindInvalid, Code: "invalid_body", Fields: all,
		Detail: "The body breaks the rules that errors lists. Nothing was done.",
	}
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return e
}

// layConnector answers the connector's manifest, nil when there is none to hold
// anything to.
func (s *Service) layConnector(pl *plan, p Patch) (*schemas.Manifest, []domain.FieldError) {
	pointer := "/connector"
	if pl.was.ID == "" {
		if p.Connector == nil {
			return nil, []domain.FieldError{{Pointer: pointer, Code: "required", Detail: "is missing", Fix: "name an installed connector"}}
		}
		pl.is.Connector = *p.Connector
	} else if p.Settings == nil && p.Capabilities == nil {
		return nil, nil
	} else if p.Settings != nil {
		pointer = "/settings"
	} else {
		pointer = "/capabilities"
	}
	m, ok := s.cfg.Manifests.Manifest(pl.is.Connector, pl.is.Kind)
	if !ok {
		return nil, []domain.FieldError{{
			Pointer: pointer, Code: "connector_unknown", Detail: fmt.Sprintf("no connector named %q is installed on this node", pl.is.Connector),
			Fix: "GET /si/connectors/registry lists those that are, and so does `afara connector list`",
		}}
	}
	return m, nil
}

// laySettings proves the settings against the connector's schema.
func (s *Service) laySettings(ctx context.Context, pl *plan, p Patch, m *schemas.Manifest) ([]domain.FieldError, error) {
	if p.Settings == nil || !p.Form.Sound("/settings") {
		if pl.was.ID == "" {
			return []domain.FieldError{{Pointer: "/settings", Code: "required", Detail: "is missing", Fix: "give the connector's settings as an object"}}, nil
		}
		return nil, nil
	}
	var stored []byte
	if pl.was.ID != "" {
		var err error
		if stored, _, _, err = s.Secrets(ctx, pl.was.ID); err != nil {
			return nil, err
		}
	}
	plain, missing := schemas.KeepSecrets(m.Settings, stored, p.Settings)
	var faults []domain.FieldError
	for _, pointer := range missing {
		faults = append(faults, domain.FieldError{
			Pointer: "/settings" + pointer, Code: "secret_masked", Detail: "is the mask of a secret, and no secret is stored for this place", Fix: "send the secret itself",
		})
	}
	if !bytes.Equal(plain, p.Settings) {
		faults = append(faults, redirected(stored, plain)...)
	}
	masked, wrong, err := proveSettings(m, plain)
	if err != nil {
		return nil, err
	}
	for _, f := range wrong {
		if !slices.Contains(missing, strings.TrimPrefix(f.Pointer, "/settings")) {
			faults = append(faults, f)
		}
	}
	pl.plain, pl.is.Settings = plain, masked
	return faults, nil
}

func layCapabilities(pl *plan, p Patch, m *schemas.Manifest) (faults []domain.FieldError) {
	if p.Capabilities == nil {
		if pl.was.ID == "" {
			pl.capabilities = m.Capabilities
		}
		return nil
	}
	pl.exact, pl.capabilities = true, *p.Capabilities
	for i, name := range pl.capabilities {
		pointer := fmt.Sprintf("/capabilities/%d", i)
		switch {
		case !slices.Contains(m.Capabilities, name):
			fix := "leave it out: this connector has none"
			if len(m.Capabilities) > 0 {
				fix = "use one of " + strings.Join(m.Capabilities, ", ")
			}
			faults = append(faults, domain.FieldError{Pointer: pointer, Code: "capability_unknown", Detail: "is no capability of the connector " + m.Name, Fix: fix})
		case slices.Contains(pl.capabilities[:i], name):
			faults = append(faults, domain.FieldError{Pointer: pointer, Code: "unique", Detail: "stands there twice", Fix: "name each capability once"})
		}
	}
	return faults
}

// layName leaves a name alone that is not changed: older ones may be of any form.
func (s *Service) layName(ctx context.Context, pl *plan, p Patch) ([]domain.FieldError, error) {
	switch {
	case p.Name != nil:
		pl.is.Name = *p.Name
	case pl.was.ID == "":
		pl.is.Name = pl.is.Connector
	}
	if pl.is.Name == pl.was.Name {
		return nil, nil
	}
	switch {
	case len(pl.is.Name) > maxName:
		return []domain.FieldError{{Pointer: "/name", Code: "max_length", Detail: fmt.Sprintf("is longer than %d characters", maxName), Fix: "shorten it"}}, nil
	case !namePattern.MatchString(pl.is.Name):
		return []domain.FieldError{{Pointer: "/name", Code: "pattern", Detail: "does not begin with a letter or digit, or holds other characters than letters, digits, blanks, dots, underscores and hyphens", Fix: "write it like firs-lagos"}}, nil
	}
	if p.free {
		return nil, nil
	}
	_, err := s.byName(ctx, pl.is.Environment, pl.is.Name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return []domain.FieldError{nameTaken()}, err
}

func nameTaken() domain.FieldError {
	return domain.FieldError{Pointer: "/name", Code: "taken", Detail: "is the name of another connection of this environment", Fix: "give it a name of its own, or change that connection"}
}

// layEnabled decides on the gate: what a person or the vendor had paused the old
// settings for is undone by new ones.
func layEnabled(pl *plan, p Patch, isNew bool) {
	pl.is.Enabled = pl.was.Enabled || isNew
	if p.Enabled != nil {
		pl.is.Enabled = *p.Enabled
	}
	pl.opens = pl.is.Enabled && (pl.plain != nil || p.Enabled != nil)
}

// changed lists what differs between the two states, as the API calls it.
func (pl *plan) changed() string {
	var names []string
	add := func(is bool, name string) {
		if is {
			names = append(names, name)
		}
	}
	add(pl.was.Connector != pl.is.Connector, "connector")
	add(pl.was.Name != pl.is.Name, "name")
	add(pl.plain != nil, "settings")
	add(pl.exact, "capabilities")
	add(pl.was.PollEvery != pl.is.PollEvery && pl.was.ID != "", "pollEverySeconds")
	add(pl.was.Enabled != pl.is.Enabled, "enabled")
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
