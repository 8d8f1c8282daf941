package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Options say what is tried.
type Options struct {
	// Binary is the connector's program. Required.
	Binary string
	// Cases are the author's; nil: checks that need them do not apply.
	Cases *Cases
	// Vendor is the address of a running stand-in, instead of Cases.Simulator.
	Vendor string
	// Only are the checks to run, by id or by the beginning of one, up to a dot
	// or a slash; empty: all.
	Only []string
	// Each is told each result as it comes; may be nil.
	Each func(Result)
}

// checkLimit bounds one check, whatever the connector does.
const checkLimit = 3 * time.Minute

// Run tries the connector. The error says that it could not be tried; what the
// connector does wrong is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	b := newBench(o)
	defer b.close()
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ends, err := b.surround(ctx, o, dir)
	defer ends()
	if err != nil {
		return nil, err
	}
	return b.report(ctx, o), nil
}

func (o Options) filled() (Options, error) {
	if o.Cases == nil {
		o.Cases = &Cases{}
	}
	if o.Each == nil {
		o.Each = func(Result) {}
	}
	path, err := filepath.Abs(o.Binary)
	if err != nil {
		return o, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return o, fmt.Errorf("connector: %w", err)
	case info.IsDir() || info.Mode().Perm()&0o111 == 0:
		return o, fmt.Errorf("connector: %s is no program; name the file that the engine would start", o.Binary)
	}
	o.Binary = path
	for _, only := range o.Only {
		if !slices.ContainsFunc(checks(), func(c check) bool { return selects(only, c.id) || selects(c.id, only) }) {
			return o, fmt.Errorf("only: there is no check %q; --list shows them all", only)
		}
	}
	return o, nil
}

// selects reports whether a wanted id means a check's.
func selects(wanted, id string) bool {
	rest, ok := strings.CutPrefix(id, wanted)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '/')
}

// surround gives the connector its surroundings: the stand-in and what it hands
// out. ends undoes all of it, also after an error.
func (b *bench) surround(ctx context.Context, o Options, dir string) (ends func(), err error) {
	var undo []func()
	ends = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	b.values["dir"] = dir
	b.values["canary"] = "canary-" + rand.Text()
	// The sink outlives every check: the stand-in remembers its address.
	sink, err := newVendor(nil, nil, nil)
	if err != nil {
		return ends, err
	}
	undo = append(undo, sink.close)
	b.values["sink"] = sink.url + sinkPath
	address := o.Vendor
	if address == "" && o.Cases.Simulator != nil {
		s, err := startSimulator(ctx, o.Cases, b.values)
		if err != nil {
			return ends, err
		}
		undo = append(undo, s.stop)
		address = s.address
	}
	if address != "" {
		b.upstream, err = url.Parse(strings.TrimSuffix(address, "/"))
		if err != nil || b.upstream.Host == "" {
			return ends, fmt.Errorf("vendor: %q is no address; write http://host:port", address)
		}
	}
	return ends, setup(ctx, b.upstream, o.Cases.Setup, b.values)
}

// report runs the checks.
func (b *bench) report(ctx context.Context, o Options) *Report {
	r := &Report{Began: time.Now().UTC()}
	b.describe(ctx)
	for _, c := range checks() {
		for _, s := range c.over(b) {
			id := c.id + s.suffix()
			if len(o.Only) > 0 && !slices.ContainsFunc(o.Only, func(only string) bool { return selects(only, id) }) {
				continue
			}
			if ctx.Err() != nil {
				break
			}
			one := b.try(ctx, c, s)
			r.Results = append(r.Results, one)
			o.Each(one)
		}
	}
	var declared []string
	if b.manifest != nil {
		r.Connector, r.Version, declared = b.manifest.Name, b.manifest.Version, b.manifest.Capabilities
	}
	r.DurationMS = time.Since(r.Began).Milliseconds()
	r.sum(declared)
	return r
}

// describe learns what the connector says of itself. What is wrong with it, the
// checks of start and manifest say.
func (b *bench) describe(ctx context.Context) {
	p, err := b.process()
	if err != nil {
		b.startErr = err
		return
	}
	if b.raw, err = p.describe(ctx); err != nil {
		b.startErr = err
		return
	}
	b.manifest, _ = schemas.ParseManifest(b.raw)
}

// try runs one check on one subject.
func (b *bench) try(ctx context.Context, c check, s subject) Result {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	began := time.Now()
	err := b.applies(c, s)
	if err == nil {
		err = b.alive(c.run(ctx, b, s))
	}
	b.closeVendors()
	one := Result{
		ID: c.id + s.suffix(), Area: c.area(), Capability: s.capability, Proves: c.proves,
		DurationMS: time.Since(began).Milliseconds(),
	}
	one.Status, one.Reason = verdict(err)
	return one
}

// applies says why a check cannot be made.
func (b *bench) applies(c check, s subject) error {
	switch {
	case c.needs > needsNothing && b.startErr != nil:
		return skip("the connector does not start: see start.handshake")
	case c.needs > needsProcess && b.manifest == nil:
		return skip("the manifest is not valid: see manifest.valid")
	case c.needs > needsManifest && len(b.cases.Settings) == 0:
		return skip("there is no file of cases; write one, so that the connector has settings")
	case c.needs > needsSettings && !b.hasVendor():
		return skip("no setting holds ${vendor}, so the kit cannot stand in the vendor's place")
	case s.none != "":
		return skip("%s", s.none)
	}
	return nil
}

// alive adds to a check's verdict that the process is gone, which no answer
// should bring about.
func (b *bench) alive(err error) error {
	// Of a broken connection the kit hears before it hears of the process's end.
	if b.main == nil || !b.broke() && b.main.alive() || b.main.alive() && !b.main.run.dies(dying) {
		return err
	}
	var why string
	if err != nil {
		why = " (" + err.Error() + ")"
	}
	how := b.main.run.how()
	b.main = nil
	return wrong("the process to live on", "its end: "+how+why, "Answer a classed error instead of ending the process; recover what panics.")
}

// dying is how long after its connection the end of a process is heard of.
const dying = 2 * time.Second

// broke reports, once, whether a call ended in a broken connection.
func (b *bench) broke() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	broke := b.broken
	b.broken = false
	return broke
}

var errNoDescribe = errors.New("the process answers no Describe")
