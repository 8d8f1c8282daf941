package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/secret"
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
	return s, s.register(ctx)
}

func (s *benchEvents) stop() {
	s.benchHost.stop()
	if s.receiver != nil {
		s.receiver.close()
	}
}

// register makes the webhooks and keeps their secrets.
func (s *benchEvents) register(ctx context.Context) error {
	api := &apiClient{base: s.url, key: secret.Mask(s.key), http: &http.Client{Timeout: apiTimeout}}
	for i := range s.cmd.Endpoints {
		var made struct {
			Data struct {
				Secret string `json:"secret"`
			} `json:"data"`
		}
		err := api.do(ctx, http.MethodPost, "/v1/webhooks", map[string]any{
			"url": s.receiver.endpoint(i), "events": []string{benchEventType}, "description": "bench",
		}, &made)
		if err != nil {
			return fmt.Errorf("register a webhook: %w", err)
		}
		s.receiver.secrets[i] = made.Data.Secret
	}
	return nil
}

// load publishes receipts, alone or in batches; each has its number where the
// receiver finds it.
func (s *benchEvents) load() (*benchLoad, error) {
	var data map[string]any
	if err := json.Unmarshal(schemas.SampleEvent(benchEventType), &data); err != nil {
		return nil, fmt.Errorf("sample of %s: %w", benchEventType, err)
	}
	data["receiptNumber"] = marker
	template, err := json.Marshal(map[string]any{"event": benchEventType, "data": data})
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
