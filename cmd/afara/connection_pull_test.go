package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Streams are looked at, read and shown from the command line, beside a node that
// does the reading.
func TestStreamsAreReadFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "echo.json")
	raw, err := json.Marshal(map[string]string{"baseUrl": s.sandbox + "/echo", "apiKey": "any-key-will-do"})
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var made map[string]any
	s.call("PUT", s.sandbox+"/echo/v1/documents/DOC1", map[string]any{"issueDate": "2026-01-31", "currency": "NGN", "payable": 104.28, "taxExclusive": 97}, &made)
	con := s.admin("connection", "put", "--environment", s.env, "--connector", "echo", "--file", file, "--poll-every", "0s")
	if got := s.admin("connection", "preview", con, "documents"); !holds(got, []string{"DOC1", `"payable":104.28`}) {
		t.Error(got)
	}
	if got := s.admin("connection", "runs", con); strings.Contains(got, "run_") {
		t.Errorf("a preview left a run: %s", got)
	}
	if got := s.admin("connection", "sync", con); !holds(got, []string{"run_", "documents", "queued"}) {
		t.Error(got)
	}
	s.serve()
	eventually(t, "the node has read it", func() bool {
		return holds(s.admin("connection", "runs", con), []string{"manual", "done", "  1  "})
	})
	got := afaraWith(t, s.settings(), "connection", "sync", con, "--stream", "nothing")
	if got.code != 1 || !holds(got.err, []string{"/stream", "documents"}) {
		t.Errorf("%d %s", got.code, got.err)
	}
	got = afaraWith(t, s.settings(), "connection", "sync", s.con)
	if got.code != 1 || !holds(got.err, []string{"firs has no streams"}) {
		t.Errorf("%d %s", got.code, got.err)
	}
	got = afaraWith(t, s.settings(), "connection", "put", "--environment", s.env, "--connector", "echo", "--file", file, "--poll-every", "1s")
	if got.code != 1 || !holds(got.err, []string{"pollEverySeconds", "neither 0 nor from 5"}) {
		t.Errorf("%d %s", got.code, got.err)
	}
}
