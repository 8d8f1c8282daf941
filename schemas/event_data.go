package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// eventData maps each event type to the schema of its data alone, compiled
// when it is first asked for.
var eventData = sync.OnceValue(func() map[string]func() (*Schema, error) {
	all := map[string]func() (*Schema, error){}
	for _, e := range entries {
		all[e.name] = sync.OnceValues(func() (*Schema, error) { return compileData(e.name) })
	}
	return all
})

// ValidateEventData checks that data is exactly one JSON value that an event
// of the type may carry. The error is a *ValidationError whose pointers begin
// at the data, e.g. "/amountKobo", or an *EventTypeError when the catalogue
// has no such type.
func ValidateEventData(eventType string, data []byte) error {
	get, known := eventData()[eventType]
	if !known {
		return notAType(eventType)
	}
	s, err := get()
	if err != nil {
		return err
	}
	return s.Validate(data)
}

func compileData(eventType string) (*Schema, error) {
	id := EventType(eventType)
	whole, err := inlined(id)
	if err != nil {
		return nil, fmt.Errorf("compile data of %s: %w", id, err)
	}
	data, _ := resolve(whole, "/properties/data")
	object, ok := data.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("compile data of %s: it has no schema of its data", id)
	}
	return compile(id, object)
}

// SampleEvent is valid data of an event of the type, of nobody's in
// particular, for a trial. It is nil when the catalogue has no such type. The
// caller may change it.
func SampleEvent(eventType string) json.RawMessage {
	if !IsEventType(eventType) {
		return nil
	}
	raw, err := sampleEvents.ReadFile(sampleEventsDir + eventType + ".json")
	if err != nil { // every type has one: a test asks for all
		return nil
	}
	var e Event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, e.Data); err != nil {
		return nil
	}
	return b.Bytes()
}
