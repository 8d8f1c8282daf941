package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// maxRecords bounds how much of a stream is read.
const maxRecords = 20_000

// pull is the capability of streams.
const pullCapability = "pull"

func pullChecks() []check {
	return []check{
		{"pull.all", "A pull from the start gives every record once, with a cursor that moves, and ends.", needsSettings, streams, pullAll},
		{"pull.limit", "A pull gives no more records than were asked for.", needsSettings, streams, pullLimit},
		{"pull.resume", "Another process goes on at a cursor, with no record lost and none twice.", needsSettings, streams, pullResume},
		{"pull.nothing", "A pull where nothing is new ends, has caught up and gives no record again.", needsSettings, streams, pullNothing},
		{"pull.preview", "A preview gives what a pull gives, and takes nothing away from it.", needsSettings, streams, pullPreview},
		{"pull.unknown", "A stream that it does not have is answered as unsupported.", needsSettings, streams, pullUnknown},
	}
}

func streams(b *bench) []subject {
	var out []subject
	for _, s := range b.manifest.Streams {
		one := subject{name: s.Name, capability: pullCapability}
		if i := slices.IndexFunc(b.cases.Streams, func(c Stream) bool { return c.Name == s.Name }); i >= 0 {
			one.stream = &b.cases.Streams[i]
		} else {
			one.stream = &Stream{Name: s.Name}
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		out = append(out, subject{capability: Common, none: "the manifest has no streams"})
	}
	return out
}

// pulled is what one pull gave.
type pulled struct {
	records  []*connectorpb.Record
	cursor   []byte
	caughtUp bool
	failed   *connectorpb.Error
	err      error
}

func (p pulled) said() string {
	return said(fmt.Appendf(nil, "%d records, caught up: %t", len(p.records), p.caughtUp), p.failed, p.err)
}

func (p pulled) keys() []string {
	out := make([]string, len(p.records))
	for i, r := range p.records {
		out[i] = r.GetKey()
	}
	return out
}

// pull reads one pull to its end.
func (b *bench) pull(ctx context.Context, p *process, in *connectorpb.PullRequest) pulled {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	out := pulled{cursor: in.GetCursor()}
	stream, err := p.calls.Pull(ctx, in)
	if err != nil {
		out.err = err
		return out
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		b.note("Pull", batch, err)
		if err != nil {
			out.err = err
			return out
		}
		if batch.GetConnectionUnknown() {
			out.err = errUnknownConnection
			return out
		}
		if out.failed = batch.GetError(); out.failed != nil {
			return out
		}
		out.records = append(out.records, batch.GetRecords()...)
		out.caughtUp = batch.GetCaughtUp()
		if len(batch.GetCursor()) > 0 {
			out.cursor = batch.GetCursor()
		}
		if len(out.records) > maxRecords {
			out.err = fmt.Errorf("more than %d records; give the stand-in fewer", maxRecords)
			return out
		}
	}
}

// pullToEnd pulls until the stream says that it has caught up.
func (b *bench) pullToEnd(ctx context.Context, p *process, in *connectorpb.PullRequest) (all pulled) {
	all.cursor = in.GetCursor()
	for range 1000 {
		one := b.pull(ctx, p, &connectorpb.PullRequest{
			Connection: in.Connection, Stream: in.Stream, Cursor: all.cursor, Limit: in.Limit, Preview: in.Preview,
		})
		moved := string(one.cursor) != string(all.cursor)
		all.records = append(all.records, one.records...)
		all.cursor, all.caughtUp, all.failed, all.err = one.cursor, one.caughtUp, one.failed, one.err
		if one.caughtUp || one.failed != nil || one.err != nil {
			return all
		}
		if !moved {
			all.err = errors.New("a pull that neither moves the cursor nor has caught up")
			return all
		}
	}
	all.err = errors.New("no end after 1000 pulls")
	return all
}

// filledStream gives a process and a connection whose stream holds what the
// cases before it made.
func (b *bench) filledStream(ctx context.Context, s subject) (*process, *connectorpb.Connection, error) {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range s.stream.After {
		c, err := b.cases.named(name)
		if err != nil {
			return nil, nil, err
		}
		f, err := b.prepared(ctx, p, conn, c)
		if err != nil {
			return nil, nil, err
		}
		if a := b.invoke(ctx, p, conn, f, nil); !a.ok() {
			return nil, nil, wrong("the case "+name+", which fills the stream, to succeed", a.said(), "Put that case right: see its own check.")
		}
	}
	return p, conn, nil
}

const fixPull = "Give records in one order, the position after the last one as cursor, and say caught_up at the end."

// whole is the stream from start to end.
func (b *bench) whole(ctx context.Context, s subject) (*process, *connectorpb.Connection, pulled, error) {
	p, conn, err := b.filledStream(ctx, s)
	if err != nil {
		return nil, nil, pulled{}, err
	}
	all := b.pullToEnd(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name})
	if all.err != nil || all.failed != nil {
		return nil, nil, all, wrong("records and an end", all.said(), fixPull)
	}
	return p, conn, all, nil
}

func pullAll(ctx context.Context, b *bench, s subject) error {
	_, _, all, err := b.whole(ctx, s)
	if err != nil {
		return err
	}
	if n := len(s.stream.After); len(all.records) < n {
		return wrong(fmt.Sprintf("%d records at least, which the cases made", n), all.said(), fixPull)
	}
	if len(all.records) > 0 && len(all.cursor) == 0 {
		return wrong("a cursor after records", "none", fixPull)
	}
	seen := map[string]bool{}
	for _, r := range all.records {
		if r.GetKey() == "" || seen[r.GetKey()] {
			return wrong("a key of its own for each record", fmt.Sprintf("%q twice, or none", shorten(r.GetKey())), "Give each record the vendor's stable key.")
		}
		seen[r.GetKey()] = true
		if err := b.recordFits(s, r); err != nil {
			return err
		}
	}
	return nil
}

// recordFits holds a record's document to its digest and to the stream's schema.
func (b *bench) recordFits(s subject, r *connectorpb.Record) error {
	d := r.GetDocument()
	digest := schemas.DigestOf(d.GetBody())
	if string(digest[:]) != string(d.GetDigest()) {
		return wrong("the SHA-256 of a record's body as its digest", "another", "Make the digest of the very bytes that are sent.")
	}
	for _, one := range b.manifest.Streams {
		if one.Name != s.name || one.Document == "" {
			continue
		}
		if faults := faultLines(schemas.Validate(one.Document, d.GetBody())); len(faults) > 0 {
			return wrong("records that are a valid "+string(one.Document), faults[0], "Correct the records, or take document out of the stream in the manifest.")
		}
	}
	return nil
}

func pullLimit(ctx context.Context, b *bench, s subject) error {
	p, conn, all, err := b.whole(ctx, s)
	if err != nil {
		return err
	}
	if len(all.records) < 2 {
		return skip("the stream has fewer than two records; name cases that fill it in after")
	}
	one := b.pull(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name, Limit: 1})
	if len(one.records) != 1 || one.failed != nil || one.err != nil {
		return wrong("one record with limit 1", one.said(), "End the pull at the limit.")
	}
	return nil
}

func pullResume(ctx context.Context, b *bench, s subject) error {
	p, conn, all, err := b.whole(ctx, s)
	if err != nil {
		return err
	}
	if len(all.records) < 3 {
		return skip("the stream has fewer than three records; name cases that fill it in after")
	}
	half := int32(len(all.records) / 2)
	first := b.pull(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name, Limit: half})
	if first.failed != nil || first.err != nil {
		return wrong("the first half of the records", first.said(), fixPull)
	}
	second, err := b.another()
	if err != nil {
		return err
	}
	rest := b.pullToEnd(ctx, second, &connectorpb.PullRequest{Connection: conn, Stream: s.name, Cursor: first.cursor})
	if rest.failed != nil || rest.err != nil {
		return wrong("the rest of the records in another process", rest.said(), "Keep the position in the cursor alone.")
	}
	if got, want := append(first.keys(), rest.keys()...), all.keys(); !slices.Equal(got, want) {
		return wrong(fmt.Sprintf("the same %d records in the same order as in one go", len(want)), fmt.Sprintf("%d, or others", len(got)), fixPull)
	}
	return nil
}

func pullNothing(ctx context.Context, b *bench, s subject) error {
	p, conn, all, err := b.whole(ctx, s)
	if err != nil {
		return err
	}
	again := b.pull(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name, Cursor: all.cursor})
	if again.failed != nil || again.err != nil || len(again.records) > 0 || !again.caughtUp {
		return wrong("no record and caught_up at the last cursor", again.said(), fixPull)
	}
	return nil
}

func pullPreview(ctx context.Context, b *bench, s subject) error {
	p, conn, all, err := b.whole(ctx, s)
	if err != nil {
		return err
	}
	preview := b.pullToEnd(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name, Preview: true})
	after := b.pullToEnd(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: s.name})
	for _, one := range []pulled{preview, after} {
		if one.failed != nil || one.err != nil || !slices.Equal(one.keys(), all.keys()) {
			return wrong(fmt.Sprintf("the same %d records in a preview, and in a pull after it", len(all.records)), one.said(), "Acknowledge nothing to the vendor in a preview.")
		}
	}
	return nil
}

func pullUnknown(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	one := b.pull(ctx, p, &connectorpb.PullRequest{Connection: conn, Stream: "conformance_unknown"})
	if one.failed.GetClass() != connectorpb.Class_CLASS_UNSUPPORTED {
		return wrong("unsupported for a stream that the manifest does not have", one.said(), "Answer a stream that is not implemented as unsupported.")
	}
	return nil
}
