package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// unsettled counts the payments that the engine shows as pending, up to a page.
func (s *benchPayments) unsettled(ctx context.Context) (int, error) {
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err := s.api().do(ctx, http.MethodGet, "/v1/payments?status=PENDING&limit=100", nil, &page)
	return len(page.Data), err
}

// ledgerVerdict is what afara ledger verify said.
type ledgerVerdict struct {
	said string
	err  error
}

// String is the verdict in one line.
func (v ledgerVerdict) String() string {
	if v.err != nil {
		return v.err.Error()
	}
	return v.said
}

func (v ledgerVerdict) gate() error { return v.err }

// verifyLedger adds the ledger up as an operator would.
func (s *benchPayments) verifyLedger(ctx context.Context) (v ledgerVerdict, err error) {
	args := []string{"ledger", "verify"}
	for _, name := range []string{"--data-dir", "--database-url", "--master-key"} {
		if i := slices.Index(s.settings, name); i >= 0 {
			args = append(args, name, s.settings[i+1])
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(s.flags.Bin, "afara"), args...).CombinedOutput()
	v.said = strings.TrimSpace(string(out))
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		v.err = fmt.Errorf("afara ledger verify: %w: %s", exit, v.said)
		return v, nil
	}
	return v, err
}
