package callback

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Sealer keeps secrets unreadable in SQL. *secret.Keyring is the real one.
type Sealer interface {
	// Seal encrypts; place binds the value to where it is kept.
	Seal(plain []byte, place string) (string, error)
	// Open decrypts what Seal made for the same place.
	Open(sealed, place string) ([]byte, error)
}

// seal makes the row of an endpoint.
func (s *Service) seal(e Endpoint) (row endpointRow, err error) {
	if s.cfg.Sealer == nil {
		return row, errors.New("callback: no Sealer keeps the secrets of endpoints")
	}
	row.Endpoint = e
	events, err := json.Marshal(e.Events)
	if err != nil {
		return row, err
	}
	retry, err := json.Marshal(e.Retry)
	if err != nil {
		return row, err
	}
	row.events, row.retry = string(events), string(retry)
	headers := ""
	if len(e.Headers) > 0 {
		raw, err := json.Marshal(e.Headers)
		if err != nil {
			return row, err
		}
		headers = string(raw)
	}
	for _, one := range sealedFields(&row) {
		plain := map[string]string{"headers": headers, "secret": e.secret, "previous": e.previous, "signing_key": e.signingKey}[one.name]
		if plain == "" {
			continue
		}
		if *one.sealed, err = s.cfg.Sealer.Seal([]byte(plain), place(e.ID, one.name)); err != nil {
			return row, fmt.Errorf("seal %s of %s: %w", one.name, e.ID, err)
		}
	}
	return row, nil
}

// open gives the endpoint of a row.
func (s *Service) open(row endpointRow) (Endpoint, error) {
	e := row.Endpoint
	plain := map[string]string{}
	for _, one := range sealedFields(&row) {
		if *one.sealed == "" {
			continue
		}
		value, err := s.cfg.Sealer.Open(*one.sealed, place(e.ID, one.name))
		if err != nil {
			return e, fmt.Errorf("open %s of %s: %w", one.name, e.ID, err)
		}
		plain[one.name] = string(value)
	}
	e.secret, e.previous, e.signingKey = plain["secret"], plain["previous"], plain["signing_key"]
	if plain["headers"] != "" {
		if err := json.Unmarshal([]byte(plain["headers"]), &e.Headers); err != nil {
			return e, fmt.Errorf("headers of %s: %w", e.ID, err)
		}
	}
	return e, nil
}

type sealedField struct {
	name   string
	sealed *string
}

func sealedFields(row *endpointRow) []sealedField {
	return []sealedField{{"headers", &row.headers}, {"secret", &row.secret}, {"previous", &row.previous}, {"signing_key", &row.signingKey}}
}

// place binds a sealed value to its endpoint.
func place(id domain.EndpointID, name string) string { return "endpoint/" + string(id) + "/" + name }
