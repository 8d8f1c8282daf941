package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// triggerCmd publishes one event, for whoever writes a receiver.
type triggerCmd struct {
	apiFlags
	Event    string `arg:"" optional:"" help:"Type of the event, e.g. invoice.signed (afara trigger --list)."`
	Data     string `help:"JSON file of the event's data; - for standard input. Default: a valid sample." placeholder:"FILE"`
	Resource string `help:"Id of what the event is about: events of one resource are numbered in order. Default: none." placeholder:"ID"`
	List     bool   `help:"List the types of events, and publish nothing."`
}

// Validate wants the type of an event, or --list.
func (c *triggerCmd) Validate() error {
	known := eventTypes()
	switch {
	case c.List, slices.Contains(known, c.Event):
		return nil
	case c.Event == "":
		return errors.New("which event? Name its type; afara trigger --list lists them")
	}
	return fmt.Errorf("event type %q is not known; there are:\n  %s", c.Event, strings.Join(known, "\n  "))
}

func eventTypes() []string {
	var names []string
	for _, t := range schemas.EventTypes() {
		names = append(names, t.Name)
	}
	return names
}

// Run publishes the event and prints its id, alone, for scripts.
func (c *triggerCmd) Run(ctx context.Context, p program) error {
	if c.List {
		_, err := fmt.Fprintln(p.out, strings.Join(eventTypes(), "\n"))
		return err
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	data, err := c.data()
	if err != nil {
		return err
	}
	id, err := api.publish(ctx, newEvent{Event: c.Event, Data: data, ResourceID: c.Resource})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, id)
	return err
}

// maxEventData is the most that the engine takes by default.
const maxEventData = 1 << 20

func (c *triggerCmd) data() (json.RawMessage, error) {
	if c.Data == "" {
		return json.RawMessage(schemas.SampleEvent(c.Event)), nil
	}
	in := io.Reader(os.Stdin)
	if c.Data != "-" {
		f, err := os.Open(c.Data)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxEventData+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("data: %w", err)
	case len(raw) > maxEventData:
		return nil, fmt.Errorf("data: longer than %d bytes: send less", maxEventData)
	case !json.Valid(raw):
		return nil, errors.New("data: not JSON: write the object that the type's schema describes (GET /v1/event-types)")
	}
	return raw, nil
}

// newEvent is an event as POST /v1/events takes it.
type newEvent struct {
	Event      string          `json:"event"`
	Data       json.RawMessage `json:"data"`
	ResourceID string          `json:"resourceId,omitempty"`
}

// publish answers the event's id.
func (c *apiClient) publish(ctx context.Context, e newEvent) (string, error) {
	var answer struct {
		Data struct {
			EventID string `json:"eventId"`
		} `json:"data"`
	}
	if err := c.do(ctx, http.MethodPost, "/v1/events", e, &answer); err != nil {
		return "", err
	}
	return answer.Data.EventID, nil
}
