package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// maxFaults is how often a request may end the connector's process, or make it
	// break its contract, before it is given up.
	maxFaults = 3
	// faultPause is between such attempts: rare enough that a stranger's bytes make
	// no crash loop of it.
	faultPause = 90 * time.Second
	firstPause = 2 * time.Second
	mostPause  = 5 * time.Minute
	// writeLimit is what is left to store a verdict when the caller's time is up.
	writeLimit = 10 * time.Second
)

// decision is what became of a request.
type decision struct {
	state State
	reply domain.WebhookReply
	wait  time.Duration // until it is tried again
	// told is set when it was the first with its key: nobody but the vendor can
	// make such.
	told bool
}

// answer is what whoever sent it gets.
func (d decision) answer() (domain.WebhookReply, error) {
	switch d.state {
	case StateVerified, StateDuplicate:
		return d.reply, nil
	case StateRefused:
		return domain.WebhookReply{}, ErrRefused
	default:
		e := *ErrNotVerified
		e.RetryAfter = max(e.RetryAfter, d.wait)
		return domain.WebhookReply{}, &e
	}
}

// verify asks the connector about a claimed request and stores what follows.
func (s *Service) verify(ctx context.Context, c Connection, row *request, later bool) (decision, error) {
	var out domain.WebhookOutcome
	if s.cfg.Connectors.Ready(c.Ref.Connector, c.Ref.Environment) {
		out = s.cfg.Connectors.HandleWebhook(ctx, row.webhook(c.Ref))
	} else {
		s.cfg.Connectors.Need(c.Ref.Connector, c.Ref.Environment)
		out.Class = domain.ClassUnavailable
		out.Error = &domain.ConnectorError{Class: out.Class, Code: codeNotReady, Message: "no process of the connector is ready on this node"}
	}
	// What was found out is stored even when the caller's time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	d, err := s.decide(ctx, row, out)
	if err == nil {
		s.cfg.Observe(Observation{Connector: c.Ref.Connector, Kind: row.kind, State: d.state, Later: later})
		return d, nil
	}
	if !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrUnknown) {
		return decision{}, fmt.Errorf("store the verdict on %s: %w", row.id, err)
	}
	return s.stands(ctx, row) // somebody else has decided, or we have without knowing
}

const codeNotReady = "connector_not_ready"

// decide stores what an outcome means. A stranger may have sent the request, so
// no outcome pauses the connection.
func (s *Service) decide(ctx context.Context, row *request, out domain.WebhookOutcome) (decision, error) {
	fault := out.Crashed || out.Class == domain.ClassInternal
	switch {
	case out.Class == domain.ClassResult:
		return s.believe(ctx, row, out)
	case refuses(out.Class), fault && row.faults+1 >= maxFaults:
		return decision{state: StateRefused}, s.refuse(ctx, row, out.Error)
	}
	wait := pause(row, out, fault)
	return decision{state: StateUnverified, wait: wait}, s.putOff(ctx, row, out.Error, wait, fault)
}

// refuses reports whether a class says that the request is not the vendor's, or
// that nobody can ever prove it: a connection without the vendor's secret is
// misconfigured, and believes nothing. The other classes say nothing about it.
func refuses(c domain.Class) bool {
	switch c {
	case domain.ClassUnauthorized, domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported, domain.ClassMisconfigured:
		return true
	}
	return false
}

// pause is how long a request waits for its next attempt. Where nobody was asked
// it waits for the connector alone.
func pause(row *request, out domain.WebhookOutcome, fault bool) time.Duration {
	switch {
	case out.Error.Code == codeNotReady:
		return 0
	case fault:
		return faultPause
	}
	return min(max(out.Error.RetryAfter, firstPause<<min(row.attempts, 10)), mostPause)
}

// believe stores what a verified request meant, once for each of the vendor's
// notifications.
func (s *Service) believe(ctx context.Context, row *request, out domain.WebhookOutcome) (decision, error) {
	v, err := s.verified(row, out)
	if err != nil {
		return decision{}, err
	}
	parts, news := []domain.Part{v}, domain.WorkNews{Connection: row.connection, Told: map[string]json.RawMessage{}}
	for _, e := range out.Events {
		if e.Reference != "" {
			news.References = append(news.References, e.Reference)
			news.Told[e.Reference] = e.Data
		}
		if follow := s.cfg.Follow[e.Type]; follow != nil {
			parts = append(parts, follow(Event{row.environment, row.connection, row.id, e})...)
		}
	}
	if len(news.References) > 0 {
		parts = append(parts, news)
	}
	err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: parts})
	if errors.Is(err, errSeen) {
		return s.repeated(ctx, row, out)
	}
	if err != nil {
		return decision{}, err
	}
	if len(news.References) > 0 {
		s.cfg.Applier.Wake(s.now())
	}
	return decision{state: StateVerified, reply: out.Reply, told: out.DedupeKey != ""}, nil
}

// repeated answers what the vendor told before as it was answered then.
func (s *Service) repeated(ctx context.Context, row *request, out domain.WebhookOutcome) (decision, error) {
	first, err := s.firstOf(ctx, row, out.DedupeKey)
	if err != nil {
		return decision{}, err
	}
	d := decision{state: StateDuplicate, reply: out.Reply}
	of := domain.WebhookID("")
	if first != nil {
		of = first.id
		if d.reply, err = s.openReply(first.id, first.reply); err != nil {
			return decision{}, err
		}
	}
	return d, s.duplicate(ctx, row, out.DedupeKey, of, d.reply)
}

// stands is what became of a request in other hands.
func (s *Service) stands(ctx context.Context, row *request) (decision, error) {
	now, err := s.byID(ctx, row.id)
	if err != nil {
		return decision{}, err
	}
	d := decision{state: StateRefused} // it has gone: nobody keeps what was refused
	if now != nil {
		d.state = now.state
	}
	if d.state == StateVerified || d.state == StateDuplicate {
		d.reply, err = s.openReply(now.id, now.reply)
	}
	return d, err
}
