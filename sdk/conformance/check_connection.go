package conformance

import (
	"context"
	"net"
	"net/http"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

func connectionChecks() []check {
	return []check{
		{"check.good", "Check succeeds with settings that work.", needsSettings, nil, checkGood},
		{"check.refused", "Check answers unauthorized when the vendor refuses the credentials.", needsVendor, nil, checkRefused},
		{"check.unreachable", "Check answers unavailable when nobody is at the vendor's address.", needsVendor, nil, checkUnreachable},
	}
}

func checkGood(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	if a := b.check(ctx, p, conn); !a.ok() {
		return wrong("success from Check", a.said(), "Correct the settings in the file of cases, or Check.")
	}
	return nil
}

// ready gives a process and a connection whose vendor plays p.
func (b *bench) ready(p play, changes map[string]any) (*process, *connectorpb.Connection, *vendor, error) {
	proc, err := b.process()
	if err != nil {
		return nil, nil, nil, err
	}
	v, err := b.vendor(p)
	if err != nil {
		return nil, nil, nil, err
	}
	conn, err := b.connection(v, changes)
	return proc, conn, v, err
}

func checkRefused(ctx context.Context, b *bench, _ subject) error {
	var refuses play
	if b.cases.WrongCredentials == nil {
		refuses = answersAll(b.unauthorized())
	}
	p, conn, _, err := b.ready(refuses, b.cases.WrongCredentials)
	if err != nil {
		return err
	}
	if a := b.check(ctx, p, conn); a.class() != connectorpb.Class_CLASS_UNAUTHORIZED {
		return wrong("unauthorized from Check", a.said(), "Ask the vendor something that needs the credentials, and class its refusal as unauthorized: the connection pauses then.")
	}
	return nil
}

func (b *bench) unauthorized() Answer {
	if a := b.cases.Answers.Unauthorized; a != nil {
		return *a
	}
	return Answer{Status: http.StatusUnauthorized, Body: map[string]any{"code": "unauthorized", "message": "the key is not known"}}
}

func checkUnreachable(ctx context.Context, b *bench, _ subject) error {
	p, conn, err := b.nobody()
	if err != nil {
		return err
	}
	if a := b.check(ctx, p, conn); a.class() != connectorpb.Class_CLASS_UNAVAILABLE {
		return wrong("unavailable from Check when nobody listens", a.said(), "Class a connection that cannot be made as unavailable.")
	}
	return nil
}

// nobody gives a connection to an address where nobody listens.
func (b *bench) nobody() (*process, *connectorpb.Connection, error) {
	p, err := b.process()
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	address := "http://" + l.Addr().String()
	l.Close()
	raw, err := b.settings(address, nil)
	return p, b.connectionOf(raw), err
}
