package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// quickLimit is for what asks nobody.
const quickLimit = 5 * time.Second

func startChecks() []check {
	return []check{
		{"start.handshake", "It starts with an empty environment, shakes hands over mutual TLS and describes itself.", needsNothing, nil, startHandshake},
		{"start.versions", "Of several versions of the contract it takes the one it speaks.", needsProcess, nil, startVersions},
		{"start.health", "It answers the health question that hosts ask.", needsProcess, nil, startHealth},
		{"start.by_hand", "Started by a person it says what it is and ends.", needsProcess, nil, startByHand},
	}
}

func startHandshake(_ context.Context, b *bench, _ subject) error {
	if b.startErr == nil {
		return nil
	}
	return wrong("a handshake line on standard output and an answer to Describe within 10 s", b.startErr.Error(),
		"Print nothing before the handshake, which is 1|1|unix|<socket>|grpc|<certificate>; the SDK's Serve does all of it.")
}

func (p *process) describe(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	out, err := p.calls.Describe(ctx, &connectorpb.DescribeRequest{})
	if err != nil {
		return nil, errors.Join(errNoDescribe, err)
	}
	return out.GetManifest(), nil
}

func startVersions(_ context.Context, b *bench, _ subject) error {
	p, err := startProcess(b.binary, 1, 99)
	if err != nil {
		return wrong("a start on version 1 where versions 1 and 99 are offered", err.Error(),
			"Take from PLUGIN_PROTOCOL_VERSIONS the highest version that is spoken.")
	}
	defer p.kill()
	if v := p.client.NegotiatedVersion(); v != 1 {
		return wrong("version 1 of the contract", "another version", "Take from PLUGIN_PROTOCOL_VERSIONS the highest version that is spoken.")
	}
	return nil
}

func startHealth(ctx context.Context, b *bench, _ subject) error {
	p, err := b.process()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, quickLimit)
	defer cancel()
	out, err := p.health.Check(ctx, &healthpb.HealthCheckRequest{Service: "plugin"})
	if err != nil || out.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return wrong("SERVING from grpc.health.v1 for the service plugin", said([]byte(out.GetStatus().String()), nil, err),
			"Serve gRPC health for the service named plugin; hosts kill what does not answer it.")
	}
	return nil
}

func startByHand(_ context.Context, b *bench, _ subject) error {
	dir, err := os.MkdirTemp("", "ck-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r := newRunner(&exec.Cmd{Path: b.binary, Args: []string{b.binary}, Dir: dir, Env: []string{"TMPDIR=" + dir}})
	if err := r.Start(context.Background()); err != nil {
		return err
	}
	go func() { _, _ = r.handshake.Read(make([]byte, 1024)) }() // nobody else reads it
	defer func() { _ = r.Kill(context.Background()); r.endsWithin(endLimit) }()
	if !r.endsWithin(quickLimit) {
		return wrong("an end with a word on standard error within 5 s", "a process that goes on",
			"End with status 1 when AFARA_PLUGIN is not set to the value of the handshake.")
	}
	if r.cmd.ProcessState.Success() || strings.TrimSpace(r.stderr.String()) == "" {
		return wrong("an exit status that is not 0, and a word on standard error", r.how()+" and "+shorten(r.stderr.String()),
			"Say that the engine starts this program and end with status 1.")
	}
	return nil
}

func manifestChecks() []check {
	return []check{
		{"manifest.valid", "The manifest is valid, all of its schemas compile, and what it says of effects hangs together.", needsProcess, nil, manifestValid},
		{"manifest.stable", "Describe answers the same each time and in each process.", needsProcess, nil, manifestStable},
		{"manifest.file", "The manifest.json beside the program says the same as the program.", needsProcess, nil, manifestFile},
		{"manifest.described", "Every setting has a title and a description for the person who fills it in.", needsManifest, nil, manifestDescribed},
	}
}

func manifestValid(_ context.Context, b *bench, _ subject) error {
	faults := manifestFaults(b.raw)
	if len(faults) == 0 {
		return nil
	}
	return wrong("a valid manifest", "these faults:\n"+strings.Join(faults, "\n")+"\n", "Correct each.")
}

func manifestStable(ctx context.Context, b *bench, _ subject) error {
	p, err := b.process()
	if err != nil {
		return err
	}
	second, err := startProcess(b.binary, 1)
	if err != nil {
		return err
	}
	defer second.kill()
	for _, p := range []*process{p, second} {
		raw, err := p.describe(ctx)
		if err != nil {
			return err
		}
		if !sameJSON(raw, b.raw) {
			return wrong("the same manifest each time", "two that differ", "Make the manifest at build time; it must not depend on when and where it runs.")
		}
	}
	return nil
}

func manifestFile(_ context.Context, b *bench, _ subject) error {
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(b.binary), "manifest.json"))
	if errors.Is(err, os.ErrNotExist) {
		return skip("there is no manifest.json beside the program")
	}
	if err != nil {
		return err
	}
	if !sameJSON(raw, b.raw) {
		return wrong("what manifest.json beside the program says", "another manifest from Describe", "Install program and manifest.json from one build; hosts refuse a difference.")
	}
	return nil
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func manifestDescribed(_ context.Context, b *bench, _ subject) error {
	var bare []string
	for name, s := range b.properties() {
		if s.Title == "" || s.Description == "" {
			bare = append(bare, "/settings/properties/"+name)
		}
	}
	if len(bare) == 0 {
		return nil
	}
	return wrong("title and description at every setting", "none at "+strings.Join(sorted(bare), ", "),
		"Add both: the form and the documentation are made of them.")
}
