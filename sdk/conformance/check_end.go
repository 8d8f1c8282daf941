package conformance

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/afara-dev/afara/sdk"
)

func endChecks() []check {
	return []check{
		{"end.sigterm", "It ends within 5 s of SIGTERM and leaves no process behind.", needsProcess, nil, endSigterm},
		{"end.shutdown", "It ends within 5 s of go-plugin's shutdown call and leaves no process behind.", needsProcess, nil, endShutdown},
		{"end.drain", "A call in flight at SIGTERM may finish.", needsVendor, nil, endDrain},
		{"end.parent", "It ends by itself within 5 s when its parent has died.", needsProcess, nil, endParent},
	}
}

// ended holds a process that was asked to end to its promise.
func ended(p *process, asked string) error {
	pid := p.run.pid()
	if !p.run.endsWithin(endLimit) {
		return wrong("its end within 5 s of "+asked, "a process that goes on", "End when asked, after the calls in flight; a host kills what does not.")
	}
	if !groupEmpty(pid) {
		return wrong("no process left behind", "one of its process group that lives on", "End your children before you end; a host kills what is left.")
	}
	return nil
}

func endSigterm(_ context.Context, b *bench, _ subject) error {
	p, err := b.another()
	if err != nil {
		return err
	}
	p.run.signal(syscall.SIGTERM)
	return ended(p, "SIGTERM")
}

func endShutdown(ctx context.Context, b *bench, _ subject) error {
	p, err := b.another()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	if err := p.shutdown(ctx); err != nil && p.alive() && !p.run.endsWithin(time.Second) {
		return wrong("an answer to the shutdown call of go-plugin", err.Error(), "Serve plugin.GRPCController; connectors in other languages must do so themselves.")
	}
	return ended(p, "the shutdown call")
}

// endDrain asks the process to end while the vendor has not answered yet.
func endDrain(ctx context.Context, b *bench, _ subject) error {
	c := b.someCase(func(c *Case) bool { return b.reaches(ctx, c) })
	if c == nil {
		return skip("no case without effect asks the vendor")
	}
	release := make(chan struct{})
	_, conn, v, err := b.ready(func(_ http.ResponseWriter, r *http.Request, _ bool, _ http.Handler) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return false
	}, nil)
	if err != nil {
		return err
	}
	p, err := b.another()
	if err != nil {
		return err
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return err
	}
	done := make(chan answer, 1)
	go func() { done <- b.invoke(ctx, p, conn, f, nil) }()
	if _, arrived := v.await(quickLimit, func(seen) bool { return true }); !arrived {
		return wrong("a request to the vendor", "none within 5 s", "Put that right: see invoke.valid.")
	}
	p.run.signal(syscall.SIGTERM)
	refusesSoon(ctx, b, p)
	close(release)
	if a := <-done; !a.ok() {
		return wrong("the result of "+c.Operation+", which was in flight at SIGTERM", a.said(), "Take no new calls after SIGTERM, but let those in flight finish; the SDK does.")
	}
	return ended(p, "SIGTERM, once the last call was answered")
}

// moment is shorter than any connector's time-out.
const moment = 300 * time.Millisecond

// refusesSoon returns once the process takes no more calls, or has ended, or
// after a moment: by then the signal has arrived.
func refusesSoon(ctx context.Context, b *bench, p *process) {
	limit, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := p.describe(limit); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-limit.Done():
			return
		}
	}
}

// parentScript starts the connector and waits for ever; it is killed meanwhile.
const parentScript = `"$0" & echo "child $!" >&2; wait`

// endParent starts the connector below a shell and kills the shell alone.
func endParent(_ context.Context, b *bench, _ subject) error {
	dir, err := os.MkdirTemp("", "ck-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	handshake := sdk.Handshake()
	r := newRunner(&exec.Cmd{
		Path: "/bin/sh", Args: []string{"sh", "-c", parentScript, b.binary}, Dir: dir,
		Env: []string{
			handshake.MagicCookieKey + "=" + handshake.MagicCookieValue, "PLUGIN_PROTOCOL_VERSIONS=1",
			"PLUGIN_UNIX_SOCKET_DIR=" + dir, "TMPDIR=" + dir,
		},
	})
	if err := r.Start(context.Background()); err != nil {
		return skip("/bin/sh, which stands in for a host, does not start: %v", err)
	}
	pid := r.pid()
	defer func() { _ = signalGroup(pid, syscall.SIGKILL) }()
	go func() { _, _ = io.Copy(io.Discard, r.handshake) }()
	child := 0
	if !soon(startLimit, func() bool {
		child = childOf(r.stderr.String())
		return child != 0 && len(r.first) == 1
	}) {
		return wrong("a handshake line within 10 s", shorten(r.stderr.String()), "Put that right: see start.handshake.")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	if !soon(endLimit, func() bool { return gone(child) }) {
		return wrong("its end within 5 s of its parent's death", "a process that goes on", "Look each second whether the parent is still the one that started you; hosts that are killed cannot end you.")
	}
	return nil
}

func childOf(text string) int {
	_, rest, ok := strings.Cut(text, "child ")
	if !ok {
		return 0
	}
	number, _, ended := strings.Cut(rest, "\n")
	pid, err := strconv.Atoi(number)
	if err != nil || !ended {
		return 0
	}
	return pid
}

// soon waits until a condition holds that another process brings about.
func soon(d time.Duration, ok func() bool) bool {
	limit := time.NewTimer(d)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok() {
			return true
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return ok()
		}
	}
}
