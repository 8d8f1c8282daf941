package pipeline

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Run is one claimed message on its walk: what SQL knows of it, and what the
// walk has learned but not stored yet.
type Run struct {
	work       domain.Work
	message    domain.Message
	document   schemas.Document
	flow       domain.Flow
	resource   domain.Resource
	connection domain.ConnectionRef
	// attempt is the newest attempt of the present stage, nil when there is none.
	attempt *attempt
	// stage is where the walk is; saved is the last stage whose predecessors
	// are stored, and so where a waiting message resumes.
	stage, saved domain.Stage
	// parts are stored with the next write.
	parts []domain.Part
	state []byte
	// answer is what the call with an effect of this walk was answered, and
	// answered its attempt: what is kept as late evidence when somebody else owns
	// the message by then.
	answer   *domain.Outcome
	answered *attempt
	// lookedUp is set when the outcome at hand is what a look-up says.
	lookedUp bool
	// stuck is set when the database has refused what the walk came to.
	stuck bool
}

// Load reads what the walks of a batch of claimed rows need, each table once.
// First claims of what this process accepted cost no read at all.
func (p *Pipeline) Load(ctx context.Context, rows []domain.Work) (map[domain.WorkID]*Run, error) {
	runs := newRuns(rows)
	return p.load(ctx, runs, p.recall(runs))
}

func newRuns(rows []domain.Work) map[domain.WorkID]*Run {
	runs := make(map[domain.WorkID]*Run, len(rows))
	for _, w := range rows {
		runs[w.ID] = &Run{work: w, stage: w.Stage, saved: w.Stage}
	}
	return runs
}

// load reads the messages of ids with all that belongs to them.
func (p *Pipeline) load(ctx context.Context, runs map[domain.WorkID]*Run, ids []domain.MessageID) (map[domain.WorkID]*Run, error) {
	reader := p.cfg.Store.Reader()
	messages, err := readMessages(ctx, reader, ids)
	if err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	documents := make([]domain.DocumentID, 0, len(messages))
	for _, m := range messages {
		documents = append(documents, m.Document)
	}
	bodies, err := p.cfg.Documents.Documents(ctx, documents)
	if err != nil {
		return nil, fmt.Errorf("load documents: %w", err)
	}
	for _, m := range messages {
		r := runs[domain.WorkID(m.ID)]
		r.message, r.document = m, bodies[m.Document]
	}
	for _, r := range runs {
		r.flow = p.flows[r.message.Flow]
	}
	if err := p.loadAttempts(ctx, runs); err != nil {
		return nil, err
	}
	if err := p.loadResources(ctx, runs); err != nil {
		return nil, err
	}
	return p.known(ctx, runs)
}

// loadAttempts reads the newest attempts of rows that have one in doubt or a
// state to hand on. Fresh rows, nearly all, cost nothing.
func (p *Pipeline) loadAttempts(ctx context.Context, runs map[domain.WorkID]*Run) error {
	var ids []domain.MessageID
	for _, r := range runs {
		if r.work.OpenAttempt != "" || r.message.Waits > 0 || r.message.Spent > 0 {
			ids = append(ids, r.message.ID)
		}
	}
	newest, err := readNewestAttempts(ctx, p.cfg.Store.Reader(), ids)
	if err != nil {
		return fmt.Errorf("load attempts: %w", err)
	}
	for _, a := range newest {
		r := runs[domain.WorkID(a.Message)]
		if a.Stage == r.stage {
			r.attempt, r.state = a, a.State
		}
	}
	return nil
}

func (p *Pipeline) loadResources(ctx context.Context, runs map[domain.WorkID]*Run) error {
	byFlow := map[domain.Flow][]string{}
	for _, r := range runs {
		if r.flow != nil && r.resource == nil {
			byFlow[r.flow] = append(byFlow[r.flow], r.message.Resource)
		}
	}
	for flow, ids := range byFlow {
		resources, err := flow.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("load resources of %s: %w", flow.Name(), err)
		}
		for _, r := range runs {
			if r.flow == flow && r.resource == nil {
				r.resource = resources[r.message.Resource]
			}
		}
	}
	return nil
}

// known keeps the runs that this build understands, with their connections. A
// row of a newer flow is left alone: its lease ends and a newer node takes it.
func (p *Pipeline) known(ctx context.Context, runs map[domain.WorkID]*Run) (map[domain.WorkID]*Run, error) {
	for id, r := range runs {
		if r.flow == nil || r.resource == nil || r.document.Body == nil || r.work.FlowVersion > r.flow.Version() {
			p.cfg.Log.Error("work that this build cannot run", "work", id, "flow", r.message.Flow, "flow_version", r.work.FlowVersion)
			delete(runs, id)
			continue
		}
		ref, err := p.cfg.Connections.Ref(ctx, r.message.Connection)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", r.message.Connection, err)
		}
		r.connection = ref
	}
	return runs, nil
}
