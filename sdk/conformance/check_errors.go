package conformance

import (
	"context"
	"net/http"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// retryAfterSeconds is what the kit asks for in the vendor's place.
const retryAfterSeconds = "7"

func errorChecks() []check {
	reaching := operations("no operation asks the vendor", nil)
	return []check{
		{"errors.unreachable", "When nobody is at the vendor's address the answer is unavailable: nothing happened.", needsVendor, reaching, errorsUnreachable},
		{"errors.unauthorized", "When the vendor refuses the credentials the answer is unauthorized.", needsVendor, nil, errorsUnauthorized},
		{"errors.throttled", "When the vendor asks for fewer requests the answer is rate_limited, with the vendor's time.", needsVendor, nil, errorsThrottled},
		{"errors.down", "When the vendor is down the answer to a question is unavailable.", needsVendor, nil, errorsDown},
	}
}

func errorsUnreachable(ctx context.Context, b *bench, s subject) error {
	c := s.cases[0]
	if !b.reaches(ctx, c) {
		return skip("%s asks nobody", s.name)
	}
	healthy, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	f, err := b.prepared(ctx, healthy, conn, c)
	if err != nil {
		return err
	}
	p, conn, err := b.nobody()
	if err != nil {
		return err
	}
	if a := b.invoke(ctx, p, conn, f, nil); a.class() != connectorpb.Class_CLASS_UNAVAILABLE {
		return wrong("unavailable when nobody listens", a.said(), "Class a connection that cannot be made as unavailable; unknown_outcome is for requests that went out.")
	}
	return nil
}

// question gives a call without an effect that asks the vendor, on a connection
// whose vendor plays p.
func (b *bench) question(ctx context.Context, p play) (func() answer, *Case, error) {
	c := b.someCase(func(c *Case) bool { return b.reaches(ctx, c) })
	if c == nil {
		return nil, nil, skip("no case without effect asks the vendor")
	}
	proc, conn, _, err := b.ready(p, nil)
	if err != nil {
		return nil, nil, err
	}
	f, err := b.fill(c, b.nextNumber())
	return func() answer { return b.invoke(ctx, proc, conn, f, nil) }, c, err
}

func errorsUnauthorized(ctx context.Context, b *bench, _ subject) error {
	ask, c, err := b.question(ctx, answersAll(b.unauthorized()))
	if err != nil {
		return err
	}
	if a := ask(); a.class() != connectorpb.Class_CLASS_UNAUTHORIZED {
		return wrong("unauthorized from "+c.Operation, a.said(), "Class the vendor's refusal of the credentials as unauthorized; where it says so otherwise than by 401, write that into answers.")
	}
	return nil
}

func errorsThrottled(ctx context.Context, b *bench, _ subject) error {
	throttled := Answer{
		Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": retryAfterSeconds},
		Body: map[string]any{"code": "rate_limited", "message": "too many requests"},
	}
	own := b.cases.Answers.Throttled
	if own != nil {
		throttled = *own
	}
	ask, c, err := b.question(ctx, answersAll(throttled))
	if err != nil {
		return err
	}
	a := ask()
	if a.class() != connectorpb.Class_CLASS_RATE_LIMITED {
		return wrong("rate_limited from "+c.Operation, a.said(), "Class the vendor's wish for fewer requests as rate_limited.")
	}
	if own == nil && a.failed.GetRetryAfterMillis() != 7000 {
		return wrong("7000 in retry_after_millis, from the header Retry-After", a.failed.String(), "Pass the vendor's time on.")
	}
	return nil
}

func (b *bench) unavailable() Answer {
	if a := b.cases.Answers.Unavailable; a != nil {
		return *a
	}
	return Answer{Status: http.StatusServiceUnavailable, Body: map[string]any{"code": "unavailable", "message": "we are closed"}}
}

func errorsDown(ctx context.Context, b *bench, _ subject) error {
	ask, c, err := b.question(ctx, answersAll(b.unavailable()))
	if err != nil {
		return err
	}
	if a := ask(); a.class() != connectorpb.Class_CLASS_UNAVAILABLE {
		return wrong("unavailable from "+c.Operation, a.said(), "Class a 503 to a question as unavailable; it is asked again later.")
	}
	return nil
}
