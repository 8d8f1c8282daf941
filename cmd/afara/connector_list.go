package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	shelf "github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/engine/pluginhost"
)

type connectorListCmd struct {
	connectorSettings
	JSON bool `help:"Print JSON."`
}

// shown is one version of a connector in a list.
type shown struct {
	Directory    string `json:"directory"`
	Name         string `json:"name"`
	Version      string `json:"version"`
	Active       bool   `json:"active"`
	Signer       string `json:"signer"` // key id, "unsigned", or "" without a lock
	Digest       string `json:"digest"` // of the index, without a lock of the program
	Verification string `json:"verification"`
	Reason       string `json:"reason,omitempty"`
}

// What a list says of a version.
const (
	verified  = "ok"
	unlocked  = "no lock"
	failing   = "failed"
	digestLen = 12
)

// Run prints a table; a connector that cannot be used is in it, with why.
func (c *connectorListCmd) Run(ctx context.Context, p program) error {
	all := []shown{}
	for _, dir := range c.PluginDirs {
		some, err := showDirectory(ctx, p, dir)
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	return list(p.out, []string{"NAME", "VERSION", "ACTIVE", "SIGNER", "DIGEST", "VERIFICATION"}, all, nil, func(s shown) []string {
		verification := s.Verification
		if s.Reason != "" {
			verification += ": " + s.Reason
		}
		return []string{s.Name, s.Version, yesNo(s.Active), s.Signer, s.Digest[:min(digestLen, len(s.Digest))], verification}
	})
}

func showDirectory(ctx context.Context, p program, dir string) ([]shown, error) {
	checked, err := shelf.Verify(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return showUnlocked(ctx, p, dir)
	}
	if err != nil {
		return nil, err
	}
	var all []shown
	for _, v := range checked {
		s := shown{Directory: dir, Name: v.Name, Version: v.Version, Active: v.Active, Signer: v.Signer.String(), Digest: v.Digest, Verification: verified}
		if v.Version == "" {
			s.Signer = "-"
		}
		if v.Fault != nil {
			s.Verification, s.Reason = failing, v.Fault.Error()
		}
		all = append(all, s)
	}
	return all, nil
}

// showUnlocked lists what a build has put there.
func showUnlocked(ctx context.Context, p program, dir string) ([]shown, error) {
	installed, err := (&catalog{PluginDirs: []string{dir}}).installed(ctx, p)
	if err != nil {
		return nil, err
	}
	var all []shown
	for _, i := range installed {
		s := shown{Directory: dir, Name: i.Name, Version: i.Version, Active: true, Signer: "-", Digest: i.Digest, Verification: unlocked}
		if i.State == pluginhost.StateIncompatible {
			s.Active, s.Verification, s.Reason = false, failing, i.Reason
		}
		all = append(all, s)
	}
	return all, nil
}

type connectorVerifyCmd struct {
	connectorSettings
	User string `help:"The user that runs the engine, by name or number, to see what it could write; default: yours." placeholder:"USER"`
}

var errUnverified = errors.New("not everything is as it was installed: see the lines that begin with fail")

// Run fails when a file differs from the lock, or when there is no lock. What
// the engine's user could write is said, and no failure.
func (c *connectorVerifyCmd) Run(p program) error {
	user, err := shelf.LookupUser(c.User)
	if err != nil {
		return err
	}
	r := &report{out: p.out}
	for _, dir := range c.PluginDirs {
		checkDirectory(r, dir, user, true)
	}
	if r.failed {
		return errUnverified
	}
	return nil
}

// checkDirectory reports on one directory of connectors. Without a lock there
// is nothing to go by: that fails only where it is wanted.
func checkDirectory(r *report, dir string, user shelf.User, wantLock bool) {
	const what = "catalog"
	checked, err := shelf.Verify(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && wantLock:
		r.fail(what, "%s has no %s: nothing says what belongs there: install connectors from packages", dir, shelf.LockFile)
		return
	case errors.Is(err, fs.ErrNotExist):
		r.warn(what, "%s has no %s: whatever lies there runs: install connectors from packages", dir, shelf.LockFile)
		return
	case err != nil:
		r.fail(what, "%v", err)
		return
	}
	for _, v := range checked {
		switch {
		case v.Fault != nil:
			r.fail(what, "%v", v.Fault)
		case v.Signer == nil:
			r.warn(what, "%s %s is as installed, and nobody signed it", v.Name, v.Version)
		default:
			r.ok(what, "%s %s is as %s signed it", v.Name, v.Version, v.Signer)
		}
	}
	checkWritable(r, dir, user)
}

// checkWritable names what the engine's user could change.
func checkWritable(r *report, dir string, user shelf.User) {
	const what = "writable"
	paths, err := shelf.Writable(dir, user)
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	if user.Root() {
		r.warn(what, "the engine's user is root and could write all of %s: run it as another user", dir)
		return
	}
	for _, path := range paths {
		r.warn(what, "%s could write %s: give it to another user, with mode go-w", user.Name, path)
	}
	if len(paths) == 0 {
		r.ok(what, "%s cannot write anything of %s", user.Name, dir)
	}
}
