package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that decide what happens next.
const (
	stateUnique        = "23505"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateLockTimeout   = "55P03"
	stateReadOnly      = "25006" // the server has become a standby
	stateStalePlan     = "0A000" // a cached statement met a changed table
)

// postgresError turns a driver error into one of the package's sentinels, with
// the cause kept. A mistake in the SQL or its data stays what it is.
func postgresError(err error) error {
	if err == nil || isUnavailable(err) || errors.Is(err, ErrConflict) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return stateError(pg.Code, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if connectionError(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func stateError(state string, err error) error {
	switch state {
	case stateUnique:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case stateSerialization, stateDeadlock, stateLockTimeout, stateReadOnly:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch state[:min(2, len(state))] {
	case "08", "53", "57", "58", "XX": // connection, resources, shutdown, I/O, corruption
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// connectionError reports whether err is the network's or the server's going
// away, and not the server's answer.
func connectionError(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// hasState reports whether the server's answer was one of states.
func hasState(err error, states ...string) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	for _, s := range states {
		if pg.Code == s {
			return true
		}
	}
	return false
}

// repeatable reports whether the same transaction may well succeed next time,
// and certainly stored nothing this time.
func repeatable(err error) bool {
	if errors.Is(err, ErrUnknown) {
		return false
	}
	return hasState(err, stateSerialization, stateDeadlock, stateStalePlan) || errors.Is(err, errNotBegun)
}
