package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/tenant"
	"github.com/afara-dev/afara/schemas"
)

// benchEvents is the system of bench events: the engine as a process, and the
// receiver of its webhooks in this one.
type benchEvents struct {
	*benchHost
	cmd      *benchEventsCmd
	receiver *eventReceiver
}

// benchEventType is one whose data is small.
const benchEventType = "receipt.created"

func startBenchEvents(ctx context.Context, c *benchEventsCmd, dir string) (s *benchEvents, err error) {
	s = &benchEvents{benchHost: newBenchHost(&c.benchFlags, dir), cmd: c}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.receiver, err = newEventReceiver(c.Endpoints); err != nil {
		return s, err
	}
	plugins := filepath.Join(dir, "plugins")
	if err := os.Mkdir(plugins, 0o755); err != nil {
		return s, err
	}
	settings, err := s.settings(plugins)
	if err != nil {
		return s, err
	}
	if err := s.provision(ctx, settings, func(*engine.Engine, tenant.Environment) error { return nil }); err != nil {
		return s, fmt.Errorf("provision: %w", err)
	}
	if err := s.startEngine(ctx, settings); err != nil {
		return s, err
	}
	if c.PostgresPID > 0 {
		s.pids[postgresName] = c.PostgresPID
	}
	return s, s.registerAll(ctx)
}

func (s *benchEvents) stop() {
	s.benchHost.stop()
	if s.receiver != nil {
		s.receiver.close()
	}
}

// registerAll makes the webhooks of the load and keeps their secrets.
func (s *benchEvents) registerAll(ctx context.Context) (err error) {
	for i := range s.cmd.Endpoints {
		s.receiver.secrets[i], err = s.register(ctx, map[string]any{
			"url": s.receiver.endpoint(i), "events": []string{benchEventType}, "description": "bench",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// load publishes receipts, alone or in batches; each has its number where the
// receiver finds it.
func (s *benchEvents) load() (*benchLoad, error) {
	template, err := eventTemplate(benchEventType, "receiptNumber")
	if err != nil {
		return nil, err
	}
	l := newBenchLoad(s.benchHost, s.receiver.benchBook, "/v1/events", "event")
	l.carries = s.cmd.Batch
	l.write = func(number string) ([]byte, []string) { return s.write(template, number) }
	return l, nil
}

func (s *benchEvents) write(template []byte, number string) (body []byte, names []string) {
	numbers := make([]string, s.cmd.Batch)
	events := make([][]byte, s.cmd.Batch)
	for i := range numbers {
		numbers[i] = number + "E" + strconv.Itoa(i)
		events[i] = bytes.Replace(template, []byte(marker), []byte(numbers[i]), 1)
		for endpoint := range s.cmd.Endpoints {
			names = append(names, deliveryName(numbers[i], endpoint))
		}
	}
	if s.cmd.Batch == 1 {
		return events[0], names
	}
	return fmt.Appendf(nil, `{"events":[%s]}`, bytes.Join(events, []byte(","))), names
}

// deliveryName is of one event to one endpoint.
func deliveryName(number string, endpoint int) string {
	return number + "/" + strconv.Itoa(endpoint)
}

// eventTemplate is a body to publish, with the marker in one field of its data.
func eventTemplate(kind, field string) ([]byte, error) {
	var data map[string]any
	if err := json.Unmarshal(schemas.SampleEvent(kind), &data); err != nil {
		return nil, fmt.Errorf("sample of %s: %w", kind, err)
	}
	data[field] = marker
	return json.Marshal(map[string]any{"event": kind, "data": data})
}
