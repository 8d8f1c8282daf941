package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
	"github.com/afara-dev/afara/schemas"
)

// benchPayments is the system of bench payments: the operators' stand-ins, engine
// and the engine's connector as processes, with the payers and the receiver of
// webhooks in this one.
type benchPayments struct {
	*benchHost
	cmd      *benchPaymentsCmd
	settings []string // of the engine
	sandbox  string   // URL
	receiver *paymentReceiver
}

const (
	benchStore   = "bench"
	benchCountry = "CI"
	benchPayers  = 100
	// benchBalance is enough for every run.
	benchBalance = 1_000_000_000_000
)

// payer is the number of one of the SIMs.
func payer(i int) string { return fmt.Sprintf("+22505%08d", 1_000_000+i%benchPayers) }

func startBenchPayments(ctx context.Context, c *benchPaymentsCmd, dir string) (s *benchPayments, err error) {
	s = &benchPayments{benchHost: newBenchHost(&c.benchFlags, dir), cmd: c}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.sandbox, err = s.startSandbox(ctx); err != nil {
		return s, err
	}
	if err := s.fund(ctx); err != nil {
		return s, err
	}
	if s.receiver, err = newPaymentReceiver(s); err != nil {
		return s, err
	}
	if s.settings, err = s.benchHost.settings(filepath.Join(c.Bin, "plugins")); err != nil {
		return s, err
	}
	s.settings = append(s.settings, "--public-url", s.url)
	if c.Pending > 0 {
		s.settings = append(s.settings, "--backlog-limit", strconv.Itoa(2*c.Pending))
	}
	if err := s.provision(ctx, s.settings, func(e *engine.Engine, env tenant.Environment) error { return s.connect(ctx, e, env) }); err != nil {
		return s, fmt.Errorf("provision: %w", err)
	}
	if err := s.startEngine(ctx, s.settings); err != nil {
		return s, err
	}
	if err := s.waitConnector(ctx); err != nil {
		return s, err
	}
	s.receiver.secret, err = s.register(ctx, map[string]any{
		"url": s.receiver.url, "description": "bench",
		"events": []string{schemas.EventPaymentCompleted, schemas.EventPaymentRefunded, schemas.EventDisbursementCompleted},
	})
	return s, err
}

func (s *benchPayments) stop() {
	s.benchHost.stop()
	if s.receiver != nil {
		s.receiver.close()
	}
}

// fund puts money on the payers' SIMs.
func (s *benchPayments) fund(ctx context.Context) error {
	for i := range benchPayers {
		sim, err := json.Marshal(demoClient{"mtn", payer(i), benchCountry, "XOF", "Bench Payer", benchBalance})
		if err != nil {
			return err
		}
		if _, err := control(ctx, http.MethodPut, s.sandbox+"/simnet/_control/sims", sim); err != nil {
			return fmt.Errorf("register a SIM at the sandbox: %w", err)
		}
	}
	return nil
}

// connect makes the connection to MTN's stand-in, its corridor and the store.
func (s *benchPayments) connect(ctx context.Context, e *engine.Engine, env tenant.Environment) error {
	settings, err := provisionMTN(ctx, s.sandbox+"/mtn", benchCountry, "127.0.0.1")
	if err != nil {
		return err
	}
	c, err := e.Registry.Put(ctx, registry.NewConnection{
		Environment: env.ID, Kind: domain.Sandbox, Connector: "mtn", Settings: settings, Enabled: true,
	})
	if err != nil {
		return err
	}
	if _, _, err := e.Corridors.Put(ctx, env.ID, "mtn", benchCountry, corridor.Patch{Connection: &c.ID}, operator); err != nil {
		return err
	}
	slug, name := benchStore, "Bench"
	_, draft, err := e.Corridors.CreateStore(ctx, env.ID, corridor.StorePatch{Slug: &slug, Name: &name}, operator)
	if err != nil {
		return err
	}
	return e.Applier.Apply(ctx, domain.Change{Parts: draft.Parts})
}

// load creates collections; each has its number as its reference.
func (s *benchPayments) load() (*benchLoad, error) {
	body := map[string]any{
		"amount": 25_000, "currency": "XOF", "msisdn": marker + "PAYER", "reference": marker, "application": benchStore, "description": "an order of the bench",
	}
	if !s.cmd.Prompts && s.cmd.Pending == 0 {
		body["scenario"] = "success"
	}
	template, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	l := newBenchLoad(s.benchHost, s.receiver.benchBook, "/v1/payments", "collection")
	l.write = func(number string) ([]byte, []string) {
		_, n, _ := strings.Cut(number, "N")
		i, _ := strconv.Atoi(n) // numbers end in N and a count
		made := bytes.Replace(template, []byte(marker+"PAYER"), []byte(payer(i)), 1)
		return bytes.Replace(made, []byte(marker), []byte(number), 1), []string{number}
	}
	return l, nil
}

// operatorCounts is what the stand-in counted since its start.
type operatorCounts struct {
	Requests  map[string]int64
	Callbacks map[string]int64
	Open      int
}

// requests adds up what the operator was asked.
func (c operatorCounts) requests() (n int64) {
	for _, count := range c.Requests {
		n += count
	}
	return n
}

func (s *benchPayments) counts(ctx context.Context) (c operatorCounts, err error) {
	raw, err := control(ctx, http.MethodGet, s.sandbox+"/simnet/_control/counters", nil)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	return c, err
}
