package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// explain gives an error with what a person can do about it.
func explain(err error) error {
	var refusal *domain.Error
	switch {
	case errors.As(err, &refusal) && len(refusal.Fields) > 0:
		return fmt.Errorf("%w%s", err, fields(refusal))
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w with --database-url (afara dev: --data-dir)", err)
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("%w\ninstall the build that last ran on it, or restore the backup made before the upgrade", err)
	}
	return err
}

func fields(e *domain.Error) string {
	var b strings.Builder
	for _, f := range e.Fields {
		if strings.Contains(e.Detail, f.Detail) {
			continue // said already
		}
		fmt.Fprintf(&b, "\n  %s: %s", f.Pointer, f.Detail)
		if f.Fix != "" {
			fmt.Fprintf(&b, ": %s", f.Fix)
		}
	}
	return b.String()
}

// listen opens a port, or says who is in the way and how to choose another.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use: stop what listens there, or choose another address with %s", address, setting)
	case err != nil:
		return nil, fmt.Errorf("listen: %w: choose another address with %s", err, setting)
	}
	return l, nil
}
