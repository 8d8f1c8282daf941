package httpapi

import (
	"net/http"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// eventTypeView is a type of the catalogue.
type eventTypeView struct {
	Event       string          `json:"event"`
	Description string          `json:"description"`
	Emitter     schemas.Emitter `json:"emitter"`
	// Planned types come from integrators only, until the engine publishes them.
	Planned bool `json:"planned"`
	// ResourceMember names the member of data that says what an event is about; null
	// where that is the business.
	ResourceMember *string `json:"resourceMember"`
	// Schema is a path of this API.
	Schema  string   `json:"schema"`
	Aliases []string `json:"aliases"`
}

func (*api) listEventTypes(w http.ResponseWriter, _ *http.Request) error {
	types := schemas.EventTypes()
	views := make([]eventTypeView, len(types))
	for i, t := range types {
		views[i] = eventTypeView{
			Event: t.Name, Description: t.Description, Emitter: t.Emitter, Planned: t.Planned, ResourceMember: text(t.Resource),
			Schema: strings.TrimPrefix(string(t.Schema), schemaHost), Aliases: append([]string{}, t.Aliases...),
		}
	}
	return answerPage(w, views, "")
}
