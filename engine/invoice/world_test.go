package invoice_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// world is intake, invoices and their pipeline over a real database. The
// authority answers at once: every claim walks an invoice to its end.
type world struct {
	*testing.T
	store    *store.Store
	applier  *store.Applier
	intake   *ingest.Service
	invoices *invoice.Service
	pipeline *pipeline.Pipeline
	env      domain.Environment
	// answer is what sign gives; nil for a result.
	answer func() domain.Outcome
	// reports is what the authority was told of payments; silent says that it takes
	// none, gone that nobody is connected to it any more.
	reports      []schemas.ReportPaymentInput
	silent, gone bool
	reporting    func() domain.Outcome // what report_payment gives; nil for a result
	// writes is what the source was told, writing what it says to that; nil for a
	// result.
	writes  []schemas.WriteBackInput
	writing func() domain.Outcome
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(newWorld(t, s)) })
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{T: t, store: s, env: domain.Environment{ID: "env_a", Organisation: "org_a", Kind: domain.Sandbox, Mode: domain.ModeSI}}
	a := store.NewApplier(s)
	w.applier = a
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	w.intake, err = ingest.New(ingest.Config{Store: s, Applier: a})
	w.must(err)
	w.invoices, err = invoice.New(invoice.Config{Store: s, Applier: a, Connections: w, Documents: w.intake})
	w.must(err)
	w.pipeline, err = pipeline.New(pipeline.Config{
		Store: s, Applier: a, Connectors: w, Connections: w, Documents: w.intake, Flows: []domain.Flow{w.invoices.Flow(), w.invoices.SettleFlow(), w.invoices.WriteBackFlow()}, Log: log,
	})
	w.must(err)
	guard, err := callback.NewGuard(callback.GuardConfig{})
	w.must(err)
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard})
	w.must(err)
	_, err = callback.New(callback.Config{Store: s, Applier: a, Environments: w, Sender: sender, Log: log})
	w.must(err)
	audit.Register(a)
	return w
}

// Signing implements callback.Environments; nothing is sent here.
func (*world) Signing(context.Context, domain.EnvironmentID) ([]string, callback.Policy, error) {
	return nil, callback.Policy{}, nil
}

// InvoiceConnection implements invoice.Connections.
func (*world) InvoiceConnection(context.Context, domain.EnvironmentID) (invoice.Connection, error) {
	rule := schemas.ReferenceKey{Strip: "-/. ", Case: "upper", Pattern: "^[A-Z0-9]+$", MaxLength: 32}
	return invoice.Connection{ID: "con_a", Stream: "s", ReferenceKey: rule}, nil
}

// InvoiceStream implements invoice.Connections.
func (w *world) InvoiceStream(context.Context, domain.EnvironmentID, domain.ConnectionID) (string, error) {
	if w.gone {
		return "", store.ErrNotFound
	}
	return "s", nil
}

// TakesWriteBacks implements invoice.Connections: con_erp takes them, con_a does
// not, and there is no other.
func (*world) TakesWriteBacks(_ context.Context, _ domain.EnvironmentID, id domain.ConnectionID) (bool, error) {
	switch id {
	case "con_erp", "con_a":
		return id == "con_erp", nil
	default:
		return false, store.ErrNotFound
	}
}

// Ref implements pipeline.Connections.
func (*world) Ref(context.Context, domain.ConnectionID) (domain.ConnectionRef, error) {
	return domain.ConnectionRef{ID: "con_a", Version: 1, Connector: "authority"}, nil
}

// Pause implements pipeline.Connections.
func (*world) Pause(context.Context, domain.ConnectionID, *domain.ConnectorError) error { return nil }

// Manifest implements pipeline.Connectors.
func (w *world) Manifest(string, domain.EnvironmentKind) (*schemas.Manifest, bool) {
	d := schemas.Duration(time.Minute)
	m := &schemas.Manifest{Name: "authority", Version: "1.0.0", Operations: []schemas.Operation{
		{Name: schemas.OpInvoicePrepare, Effect: "none", Deadline: d}, {Name: schemas.OpInvoiceValidate, Effect: "none", Deadline: d},
		{Name: schemas.OpInvoiceSign, Effect: "keyed", Deadline: d, SettlesAfter: d, Lookup: schemas.OpInvoiceLookup}, {Name: schemas.OpInvoiceLookup, Effect: "none", Deadline: d},
		{Name: schemas.OpInvoiceWriteBack, Effect: "keyed", Deadline: d, SettlesAfter: d, Lookup: schemas.OpInvoiceLookup},
	}}
	if !w.silent {
		m.Operations = append(m.Operations, schemas.Operation{Name: schemas.OpInvoiceReportPayment, Effect: "keyed", Deadline: d, SettlesAfter: d, Lookup: schemas.OpInvoiceLookup})
	}
	return m, true
}

// Invoke implements pipeline.Connectors.
func (w *world) Invoke(_ context.Context, c domain.Call) domain.Outcome {
	switch c.Operation {
	case schemas.OpInvoicePrepare:
		var in schemas.PrepareInput
		w.must(json.Unmarshal(c.Parameters, &in))
		raw, err := json.Marshal(schemas.PrepareOutput{IRN: in.ReferenceKey + "-11111111-" + in.IssueDate[:4] + in.IssueDate[5:7] + in.IssueDate[8:], QRCodeData: "cXI="})
		w.must(err)
		return domain.Outcome{Class: domain.ClassResult, Result: raw}
	case schemas.OpInvoiceSign:
		if w.answer != nil {
			return w.answer()
		}
	case schemas.OpInvoiceReportPayment:
		var in schemas.ReportPaymentInput
		w.must(json.Unmarshal(c.Parameters, &in))
		w.reports = append(w.reports, in)
		if w.reporting != nil {
			return w.reporting()
		}
	case schemas.OpInvoiceWriteBack:
		var in schemas.WriteBackInput
		w.must(json.Unmarshal(c.Parameters, &in))
		w.writes = append(w.writes, in)
		if w.writing != nil {
			return w.writing()
		}
	case schemas.OpInvoiceLookup:
		return domain.Outcome{Class: domain.ClassResult, Result: json.RawMessage(`{"result":"cannot_tell"}`)}
	}
	return domain.Outcome{Class: domain.ClassResult, Result: json.RawMessage(`{}`)}
}

func refusing(class domain.Class) func() domain.Outcome {
	return func() domain.Outcome {
		return domain.Outcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: "no", Message: "the authority says no"}}
	}
}

// answer is the part of an answer that tests look at.
type answer struct {
	ID        string         `json:"id"`
	Status    string         `json:"status"`
	MessageID string         `json:"messageId"`
	IRN       string         `json:"irn"`
	Original  string         `json:"originalInvoiceId"`
	Invoice   map[string]any `json:"invoice"`
}

// post submits an invoice under a key.
func (w *world) post(key string, inv map[string]any) (answer, bool, error) {
	raw, err := json.Marshal(inv)
	w.must(err)
	return w.accept(ingest.Submission{Environment: w.env.ID, Route: "post", New: true, Key: key, Body: raw, Status: 202, DoneStatus: 200,
		Make: func(ctx context.Context) (domain.Draft, error) { return w.invoices.Accept(ctx, w.env, "", raw) }})
}

func (w *world) put(id string, inv map[string]any) (answer, error) {
	raw, err := json.Marshal(inv)
	w.must(err)
	a, _, err := w.accept(ingest.Submission{Environment: w.env.ID, Route: "put", Body: raw, Status: 202, DoneStatus: 200,
		Make: func(ctx context.Context) (domain.Draft, error) {
			return w.invoices.Correct(ctx, w.env, domain.InvoiceID(id), "", raw)
		}})
	return a, err
}

func (w *world) void(id string) (answer, error) { return w.voidAs(id, "") }

// voidAs voids with a number for the note.
func (w *world) voidAs(id, number string) (answer, error) {
	a, _, err := w.accept(ingest.Submission{Environment: w.env.ID, Route: "void", Status: 202, DoneStatus: 200,
		Make: func(ctx context.Context) (domain.Draft, error) {
			return w.invoices.Void(ctx, w.env, domain.InvoiceID(id), number)
		}})
	return a, err
}

func (w *world) accept(sub ingest.Submission) (a answer, replayed bool, err error) {
	got, err := w.intake.Accept(w.Context(), sub)
	if err != nil {
		return a, false, err
	}
	w.must(json.Unmarshal(got.Body, &a))
	return a, got.Replayed, nil
}

// walk runs an invoice's message once.
func (w *world) walk(a answer) {
	w.Helper()
	w.pipeline.Walk(w.Context(), w.claim(a))
}

// claim claims an invoice's message and reads what its walk needs.
func (w *world) claim(a answer) *pipeline.Run {
	w.Helper()
	rows, err := w.store.Claim(w.Context(), "node_1", time.Hour, []domain.WorkID{domain.WorkID(a.MessageID)})
	w.must(err)
	if len(rows) != 1 {
		w.Fatalf("%s cannot be claimed", a.MessageID)
	}
	runs, err := w.pipeline.Load(w.Context(), rows)
	w.must(err)
	return runs[rows[0].ID]
}

func (w *world) get(id string) invoice.Row {
	w.Helper()
	r, err := w.invoices.Row(w.Context(), w.env.ID, domain.InvoiceID(id))
	w.must(err)
	return r
}

// signed posts an invoice and has it signed.
func (w *world) signed(number string) answer {
	w.Helper()
	a, _, err := w.post("", sample(w.T, number))
	w.must(err)
	w.walk(a)
	return a
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sample is a valid submission.
func sample(t *testing.T, number string) map[string]any {
	t.Helper()
	var inv map[string]any
	if err := json.Unmarshal(schemas.Sample(number, time.Now().UTC().Format("2006-01-02")), &inv); err != nil {
		t.Fatal(err)
	}
	return inv
}

// note is a valid note over the whole of an invoice.
func note(t *testing.T, number, code string, original invoice.Row) map[string]any {
	t.Helper()
	inv := sample(t, number)
	inv["invoice_type_code"] = code
	inv["billing_reference"] = []any{map[string]any{"irn": original.IRN, "issue_date": original.IssueDate}}
	return inv
}

func code(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
