package conformance

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// envelope is room for what surrounds a document.
const envelope = 64 << 10

func sizeChecks() []check {
	return []check{
		{"size.big", "A message as large as the manifest allows is taken.", needsSettings, nil, sizeBig},
		{"size.too_big", "A message that is larger is refused, and the process lives on.", needsSettings, nil, sizeTooBig},
		{"future.fields", "Members of a call that a newer engine adds are passed over.", needsSettings, nil, futureFields},
	}
}

// heavy is a call with a document of so many bytes.
func (b *bench) heavy(ctx context.Context, size int) (answer, *process, error) {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return answer{}, nil, err
	}
	c := b.someCase(anyCase)
	if c == nil {
		return answer{}, nil, skip("no case of an operation without effect")
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return answer{}, nil, err
	}
	body := []byte(`"` + strings.Repeat("x", size-2) + `"`)
	digest := schemas.DigestOf(body)
	f.document = &connectorpb.Document{Schema: string(schemas.InvoiceV1), Digest: digest[:], Body: body}
	return b.invoke(ctx, p, conn, f, nil), p, nil
}

func sizeBig(ctx context.Context, b *bench, _ subject) error {
	limit := sdk.MaxMessageBytes - envelope
	if l := b.manifest.Limits; l != nil && l.MaxMessageBytes > 0 {
		limit = l.MaxMessageBytes
	}
	size := min(limit, maxBig) - envelope
	a, _, err := b.heavy(ctx, size)
	if err != nil {
		return err
	}
	if a.err != nil {
		return wrong(fmt.Sprintf("any answer of the contract to a message of %d bytes", size), a.said(),
			"Raise the receive limit of the gRPC server, which is 4 MiB by default, to 16 MiB; or say limits.maxMessageBytes in the manifest.")
	}
	return nil
}

func sizeTooBig(ctx context.Context, b *bench, _ subject) error {
	a, p, err := b.heavy(ctx, sdk.MaxMessageBytes+envelope)
	if err != nil {
		return err
	}
	if code := status.Code(a.err); a.err != nil && code != codes.ResourceExhausted {
		return wrong("RESOURCE_EXHAUSTED, or a classed error", a.said(), "Bound what the gRPC server receives.")
	}
	if _, err := p.describe(ctx); err != nil {
		return wrong("an answer to Describe afterwards", err.Error(), "A message that is too large must not end the process.")
	}
	return nil
}

// futureFields adds a field with a number that no version has.
func futureFields(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := b.someCase(anyCase)
	if c == nil {
		return skip("no case of an operation without effect")
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return err
	}
	a := b.invoke(ctx, p, conn, f, func(in *connectorpb.InvokeRequest) {
		in.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 1999, protowire.BytesType), "later"))
	})
	if !a.ok() {
		return wrong("the same result as without the new member", a.said(), "Pass over members of a message that are not known, as protobuf does by itself.")
	}
	return nil
}
