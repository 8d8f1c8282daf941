package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/conformance"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// otherDeadline is for what the manifest gives none.
const otherDeadline = 30 * time.Second

// maxRecords bounds what one pull shows.
const maxRecords = 10_000

// runner makes the calls of one run.
type runner struct {
	session    *conformance.Session
	connection *connectorpb.Connection
	secrets    []string
	each       func(Answer) error
	faulty     int
}

// ask makes one call and tells its answer.
func (r *runner) ask(ctx context.Context, q Request) error {
	a := Answer{Line: q.line, Asked: q.name()}
	deadline := r.deadline(q)
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	began := time.Now()
	var err error
	switch {
	case q.Check:
		err = r.check(ctx, &a)
	case q.Pull != "":
		err = r.pull(ctx, q, &a)
	case q.Webhook != "":
		err = r.push(ctx, q, &a)
	default:
		err = r.invoke(ctx, q, began.Add(deadline), &a)
	}
	a.Millis = time.Since(began).Milliseconds()
	if err != nil {
		a.Faults = append(a.Faults, fmt.Sprintf("no answer of the contract: %s (%s)", status.Code(err), status.Convert(err).Message()))
	}
	if len(a.Faults) > 0 {
		r.faulty++
	}
	masked, err := r.masked(a)
	if err != nil {
		return err
	}
	return r.each(masked)
}

// masked is an answer without the connection's secrets: results may quote them.
func (r *runner) masked(a Answer) (Answer, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return a, fmt.Errorf("line %d: %w", a.Line, err)
	}
	var out Answer
	err = json.Unmarshal([]byte(mask(string(raw), r.secrets)), &out)
	return out, err
}

func (r *runner) deadline(q Request) time.Duration {
	op, ok := r.session.Manifest.Operation(q.Operation)
	switch {
	case q.Deadline > 0:
		return time.Duration(q.Deadline)
	case ok:
		return time.Duration(op.Deadline)
	}
	return otherDeadline
}

func (r *runner) check(ctx context.Context, a *Answer) error {
	out, err := r.session.Calls.Check(ctx, &connectorpb.CheckRequest{Connection: r.connection})
	a.Error, a.Renewed = errorOf(out.GetError()), out.GetCredentialUpdate() != nil
	return err
}

func (r *runner) invoke(ctx context.Context, q Request, deadline time.Time, a *Answer) error {
	in := &connectorpb.InvokeRequest{
		Connection: r.connection, Operation: q.Operation, Key: q.Key, MessageId: q.MessageID,
		Parameters: q.Parameters, State: q.State, Document: q.Document.wire(), DeadlineUnixMicros: deadline.UnixMicro(),
	}
	if in.Key == "" {
		in.Key = fmt.Sprintf("line-%d", q.line)
	}
	if in.MessageId == "" {
		in.MessageId = fmt.Sprintf("msg_line_%d", q.line)
	}
	if len(in.Parameters) == 0 {
		in.Parameters = []byte("{}")
	}
	out, err := r.session.Calls.Invoke(ctx, in)
	if err != nil {
		return err
	}
	a.Error, a.State, a.Renewed = errorOf(out.GetError()), out.GetState(), out.GetCredentialUpdate() != nil
	if a.Error == nil {
		r.result(q, out.GetResult(), a)
	}
	return nil
}

// result holds a result to the operation's output schema, as an engine does.
func (r *runner) result(q Request, raw []byte, a *Answer) {
	if !json.Valid(raw) {
		a.Faults = append(a.Faults, "the result is no JSON")
		return
	}
	a.Result = raw
	op, _ := r.session.Manifest.Operation(q.Operation)
	var err error
	if op.Output == nil {
		err = schemas.Validate(schemas.OperationOutput(q.Operation), raw)
	} else if schema, broken := schemas.Compile(op.Output); broken == nil {
		err = schema.Validate(raw)
	}
	var v *schemas.ValidationError
	if errors.As(err, &v) {
		for _, one := range v.Violations {
			a.Faults = append(a.Faults, "/result"+one.Pointer+": "+one.Detail)
		}
	} else if err != nil {
		a.Faults = append(a.Faults, err.Error())
	}
}

func (d *Document) wire() *connectorpb.Document {
	if d == nil {
		return nil
	}
	schema, body := d.Schema, []byte(d.Body)
	if d.Sample != nil {
		schema, body = string(schemas.InvoiceV1), schemas.Sample(d.Sample.Number, d.Sample.IssueDate)
	}
	digest := schemas.DigestOf(body)
	return &connectorpb.Document{Schema: schema, Digest: digest[:], Body: body}
}

func (r *runner) pull(ctx context.Context, q Request, a *Answer) error {
	stream, err := r.session.Calls.Pull(ctx, &connectorpb.PullRequest{
		Connection: r.connection, Stream: q.Pull, Cursor: q.Cursor, Limit: q.Limit, Preview: q.Preview,
	})
	if err != nil {
		return err
	}
	a.Cursor = q.Cursor
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if a.Error = errorOf(batch.GetError()); a.Error != nil {
			return nil
		}
		for _, one := range batch.GetRecords() {
			a.Records = append(a.Records, Record{Key: one.GetKey(), Body: one.GetDocument().GetBody()})
		}
		a.CaughtUp = batch.GetCaughtUp()
		if len(batch.GetCursor()) > 0 {
			a.Cursor = batch.GetCursor()
		}
		if len(a.Records) > maxRecords {
			a.Faults = append(a.Faults, fmt.Sprintf("more than %d records; set a limit", maxRecords))
			return nil
		}
	}
}

func (r *runner) push(ctx context.Context, q Request, a *Answer) error {
	in := &connectorpb.HandleWebhookRequest{
		Connection: r.connection, Kind: q.Webhook, Method: q.Method, Path: q.Path, Query: strings.TrimPrefix(q.Query, "?"),
		Body: q.text(), ReceivedUnixMicros: time.Now().UnixMicro(),
	}
	if in.Method == "" {
		in.Method = http.MethodPost
	}
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		in.Headers = append(in.Headers, &connectorpb.Header{Name: name, Values: []string{q.Headers[name]}})
	}
	out, err := r.session.Calls.HandleWebhook(ctx, in)
	if err != nil {
		return err
	}
	a.Error, a.DedupeKey, a.Status = errorOf(out.GetError()), out.GetDedupeKey(), out.GetReply().GetStatus()
	for _, e := range out.GetEvents() {
		a.Events = append(a.Events, Event{Type: e.GetType(), Reference: e.GetReference(), Data: e.GetData()})
	}
	return nil
}
