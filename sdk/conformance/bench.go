package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// callLimit bounds a call of which nothing else is wanted than an answer.
const callLimit = 30 * time.Second

// maxBig is the size of the largest message that is tried.
const maxBig = 12 << 20

// bench is a connector on trial: what is known of it and what it stands on. The
// checks run one after the other, each with connections of its own.
type bench struct {
	binary   string
	cases    *Cases
	values   values
	upstream *url.URL // of the stand-in; nil when there is none

	raw      []byte // the manifest as Describe answered it
	manifest *schemas.Manifest
	startErr error

	main    *process
	ended   []*process      // their outputs count to the end
	vendors []*vendor       // of the check that runs
	asks    map[string]bool // cases that reach the vendor
	alters  map[string]bool // cases that change something there
	run     int64           // makes numbers unique among runs
	number  int

	mu      sync.Mutex
	next    int
	secrets map[string]bool
	answers []answered
	broken  bool // a call of the check that runs met a broken connection
}

// answered is an answer that may show a secret.
type answered struct {
	what string
	text string
	// failed is the classed error in it, if any.
	failed *connectorpb.Error
}

func newBench(o Options) *bench {
	return &bench{
		binary: o.Binary, cases: o.Cases, asks: map[string]bool{}, alters: map[string]bool{}, secrets: map[string]bool{},
		values: values{}, run: time.Now().Unix(),
	}
}

// process gives the process that most checks share, started anew when the last
// one ended.
func (b *bench) process() (*process, error) {
	if b.main != nil && b.main.alive() {
		return b.main, nil
	}
	b.main = nil
	p, err := b.another()
	if err != nil {
		return nil, err
	}
	b.main = p
	return p, nil
}

// another starts one more process, which ends with the run.
func (b *bench) another() (*process, error) {
	p, err := startProcess(b.binary, 1)
	if err != nil {
		return nil, err
	}
	b.ended = append(b.ended, p)
	return p, nil
}

// close ends all that still runs.
func (b *bench) close() {
	b.closeVendors()
	for _, p := range b.ended {
		p.kill()
	}
}

func (b *bench) closeVendors() {
	for _, v := range b.vendors {
		v.close()
	}
	b.vendors = nil
}

// vendor opens a place of the vendor for the check that runs.
func (b *bench) vendor(p play) (*vendor, error) {
	v, err := newVendor(b.upstream, b.cases.Harmless, p)
	if err == nil {
		b.vendors = append(b.vendors, v)
	}
	return v, err
}

// settings are the author's for a vendor at an address, changed.
func (b *bench) settings(address string, changes map[string]any) ([]byte, error) {
	v := b.values.with("vendor", address)
	raw, err := v.json(merged(b.cases.Settings, changes))
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	b.keepSecrets(raw)
	return raw, nil
}

// minCanary is the least length of a secret that is looked for: a shorter one
// occurs by chance.
const minCanary = 8

func (b *bench) keepSecrets(settings []byte) {
	if b.manifest == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range schemas.SecretTexts(b.manifest.Settings, settings) {
		if len(text) >= minCanary {
			b.secrets[text] = true
		}
	}
}

// connection is a new connection to a vendor.
func (b *bench) connection(v *vendor, changes map[string]any) (*connectorpb.Connection, error) {
	raw, err := b.settings(v.url, changes)
	if err != nil {
		return nil, err
	}
	return b.connectionOf(raw), nil
}

func (b *bench) connectionOf(settings []byte) *connectorpb.Connection {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	return &connectorpb.Connection{Id: "con_" + strconv.Itoa(b.next), Version: 1, Environment: "sandbox", Settings: settings}
}

// filled is a case with its placeholders filled.
type filled struct {
	of       *Case
	number   string
	params   []byte
	document *connectorpb.Document
	state    []byte // that of the cases before
}

// nextNumber is a value for ${n}.
func (b *bench) nextNumber() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.number++
	return strings.ToUpper(strconv.FormatInt(b.run, 36)) + fmt.Sprintf("%05d", b.number)
}

// fill fills a case under a number.
func (b *bench) fill(c *Case, number string) (*filled, error) {
	v := b.values.with("n", number)
	params, err := v.json(c.Params)
	if err != nil {
		return nil, fmt.Errorf("case %s: parameters: %w", c.Name, err)
	}
	f := &filled{of: c, number: number, params: params}
	if c.Document == nil {
		return f, nil
	}
	d, err := v.document(c.Document)
	if err != nil {
		return nil, fmt.Errorf("case %s: document: %w", c.Name, err)
	}
	f.document = &connectorpb.Document{Schema: string(d.Schema), Digest: d.Digest[:], Body: d.Body}
	return f, nil
}

// document proves what a case gives as its document.
func (v values) document(d *Document) (schemas.Document, error) {
	if d.Sample == nil {
		body, err := v.json(d.Body)
		if err != nil {
			return schemas.Document{}, err
		}
		return schemas.Prove(schemas.ID(d.Schema), body)
	}
	number, err := v.text(d.Sample.Number)
	if err != nil {
		return schemas.Document{}, err
	}
	return schemas.Prove(schemas.InvoiceV1, schemas.Sample(number, d.Sample.IssueDate))
}

// answer is what a call came to.
type answer struct {
	result []byte
	state  []byte
	failed *connectorpb.Error
	err    error // below the contract
	took   time.Duration
}

func (a answer) said() string { return said(a.result, a.failed, a.err) }

// class is that of a classed error.
func (a answer) class() connectorpb.Class { return a.failed.GetClass() }

// ok reports whether there is a result.
func (a answer) ok() bool { return a.err == nil && a.failed == nil && a.result != nil }

// invoke makes one call, after change has had its way with the request.
func (b *bench) invoke(ctx context.Context, p *process, conn *connectorpb.Connection, f *filled, change func(*connectorpb.InvokeRequest)) answer {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return b.invokeWithin(ctx, p, conn, f, change)
}

// invokeWithin leaves the limit to ctx.
func (b *bench) invokeWithin(ctx context.Context, p *process, conn *connectorpb.Connection, f *filled, change func(*connectorpb.InvokeRequest)) answer {
	in := &connectorpb.InvokeRequest{
		Connection: conn, Operation: f.of.Operation, Key: "key-" + f.number, MessageId: "msg_" + f.number,
		Document: f.document, Parameters: f.params, State: f.state,
	}
	if at, ok := ctx.Deadline(); ok {
		in.DeadlineUnixMicros = at.UnixMicro()
	}
	if change != nil {
		change(in)
	}
	began := time.Now()
	out, err := p.calls.Invoke(ctx, in)
	a := answer{err: err, took: time.Since(began)}
	if err == nil {
		a.failed, a.state = out.GetError(), out.GetState()
		if _, isResult := out.GetOutcome().(*connectorpb.InvokeResponse_Result); isResult {
			a.result = slices.Concat(out.GetResult(), []byte{})
		}
		if out.GetConnectionUnknown() {
			a.err = errUnknownConnection
		}
	}
	b.note(in.Operation, out, err)
	return a
}

var errUnknownConnection = errors.New("connection_unknown although the call carried the settings")

// note keeps an answer for the search for secrets. What a connector gives to be
// sealed may be secret.
func (b *bench) note(what string, m proto.Message, err error) {
	var failed *connectorpb.Error
	if m, ok := m.(interface{ GetError() *connectorpb.Error }); ok {
		failed = m.GetError()
	}
	text := failed.String() + " " + string(failed.GetVendorAnswer())
	if err != nil {
		text += " " + err.Error()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers = append(b.answers, answered{what, text, failed})
	b.broken = b.broken || status.Code(err) == codes.Unavailable
}

// check calls Check.
func (b *bench) check(ctx context.Context, p *process, conn *connectorpb.Connection) answer {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	began := time.Now()
	out, err := p.calls.Check(ctx, &connectorpb.CheckRequest{Connection: conn})
	b.note("Check", out, err)
	a := answer{err: err, failed: out.GetError(), took: time.Since(began)}
	switch {
	case err == nil && out.GetConnectionUnknown():
		a.err = errUnknownConnection
	case err == nil && a.failed == nil:
		a.result = []byte("success")
	}
	return a
}

// prepared runs what a case needs first, then fills it.
func (b *bench) prepared(ctx context.Context, p *process, conn *connectorpb.Connection, c *Case) (*filled, error) {
	number := b.nextNumber()
	state, err := b.before(ctx, p, conn, c, number)
	if err != nil {
		return nil, err
	}
	f, err := b.fill(c, number)
	if err != nil {
		return nil, err
	}
	f.state = state
	return f, nil
}

// before runs the cases that come before one, and gives the last state.
func (b *bench) before(ctx context.Context, p *process, conn *connectorpb.Connection, c *Case, number string) (state []byte, err error) {
	for _, name := range c.After {
		earlier, err := b.cases.named(name)
		if err != nil {
			return nil, err
		}
		f, err := b.fill(earlier, number)
		if err != nil {
			return nil, err
		}
		a := b.invoke(ctx, p, conn, f, nil)
		if !a.ok() {
			return nil, wrong("the case "+name+", which comes first, to succeed", a.said(), "Put that case right: see its own check.")
		}
		if len(a.state) > 0 {
			state = a.state
		}
	}
	return state, nil
}

// schemaOf gives the validation of an operation's input or output.
func schemaOf(own json.RawMessage, standard schemas.ID) func([]byte) error {
	if len(own) == 0 {
		return func(body []byte) error { return schemas.Validate(standard, body) }
	}
	s, err := schemas.Compile(own)
	return func(body []byte) error {
		if err != nil {
			return err
		}
		return s.Validate(body)
	}
}

func inputOf(o schemas.Operation) func([]byte) error {
	return schemaOf(o.Input, schemas.OperationInput(o.Name))
}

func outputOf(o schemas.Operation) func([]byte) error {
	return schemaOf(o.Output, schemas.OperationOutput(o.Name))
}
