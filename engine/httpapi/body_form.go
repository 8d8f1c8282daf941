package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// decodeForm is decode for a body whose service names the faults of its form
// together with those of what it says. The error is of a body that cannot be
// read at all.
func (a *api) decodeForm(r *http.Request, name string, v any) (form domain.Form, body []byte, err error) {
	if body, err = a.read(r); err != nil {
		return form, nil, err
	}
	text := body
	if len(text) == 0 {
		text = []byte("{}")
	}
	said := bodyError(a.bodies[name].Validate(text), "")
	if said != nil && said.Kind != domain.KindInvalid {
		return form, body, said
	}
	if said != nil {
		form.Faults = said.Fields
		form.More, _ = said.Extra["moreErrors"].(int)
	}
	form.Faults = append(form.Faults, readEach(text, form.Faults, v)...)
	return form, body, nil
}

// readEach reads into v the members of an object that a schema has nothing
// against, and of others what is sound in them. It answers those that the
// schema takes and Go does not.
func readEach(body []byte, said []domain.FieldError, v any) (unread []domain.FieldError) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil // the schema has said that it is no object
	}
	for name, raw := range members {
		pointer := "/" + escapePointer(name)
		if slices.ContainsFunc(said, func(f domain.FieldError) bool { return f.Pointer == pointer }) {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: raw})
		if err == nil {
			err = json.Unmarshal(one, v)
		}
		within := func(f domain.FieldError) bool { return strings.HasPrefix(f.Pointer, pointer+"/") }
		if err != nil && !slices.ContainsFunc(said, within) {
			unread = append(unread, unfit(err))
		}
	}
	return unread
}
