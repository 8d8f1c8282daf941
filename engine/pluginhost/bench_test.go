package pluginhost_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// document is of the size of a usual invoice.
func document() schemas.Document {
	body := bytes.Repeat([]byte("0123456789abcdef"), 256)
	return schemas.Restore(schemas.InvoiceV1, schemas.DigestOf(body), body)
}

const signParameters = `{"irn":"INV001-94ND90NR-20240611"}`

// reportCPU adds what the host's own process spends on a call: unlike the time
// that passes, it says something on a busy machine too.
func reportCPU(b *testing.B) func() {
	b.Helper()
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := spent()
	return func() { b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N), "host-cpu-µs/op") }
}

// BenchmarkInvoke and BenchmarkBareCall make the same call of the same
// program; the difference is what the host adds.
func BenchmarkInvoke(b *testing.B) {
	dir := b.TempDir()
	install(b, dir, "bad", "bad", hostile.Bad("bad"))
	h := setup(b, dir, func(c *pluginhost.Config) { c.Log = slog.New(slog.NewTextHandler(io.Discard, nil)) })
	h.start(b, "bad")
	c := call("bad", "strict", signParameters)
	c.Document = document()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		if out := h.Invoke(b.Context(), c); out.Class != domain.ClassResult {
			b.Fatal(out.Error)
		}
	}
}

func BenchmarkBareCall(b *testing.B) {
	calls, req := bareClient(b), bareRequest("bad.strict", signParameters, document())
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		if _, err := calls.Invoke(b.Context(), req()); err != nil {
			b.Fatal(err)
		}
	}
}

// bareClient is what go-plugin gives without a host around it.
func bareClient(b *testing.B) connectorpb.ConnectorClient {
	b.Helper()
	dir := b.TempDir()
	install(b, dir, "bad", "bad", nil)
	cmd := exec.Command(filepath.Join(dir, "bad", "bad"))
	cmd.Env = append(os.Environ(), "GOGC=400") // as the host gives its connectors
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: sdk.Handshake(), Plugins: sdk.PluginSet(nil), Cmd: cmd,
		AutoMTLS: true, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
	})
	b.Cleanup(client.Kill)
	protocol, err := client.Client()
	if err != nil {
		b.Fatal(err)
	}
	raw, err := protocol.Dispense(sdk.PluginName)
	if err != nil {
		b.Fatal(err)
	}
	return raw.(connectorpb.ConnectorClient)
}

// bareRequest makes the messages that the host makes of the same call.
func bareRequest(operation, parameters string, doc schemas.Document) func() *connectorpb.InvokeRequest {
	return func() *connectorpb.InvokeRequest {
		return &connectorpb.InvokeRequest{
			Connection: &connectorpb.Connection{Id: "con_1", Version: 1, Settings: []byte("{}")},
			Operation:  operation, Key: "key-1", MessageId: "msg_1", Parameters: json.RawMessage(parameters),
			Document: &connectorpb.Document{Schema: string(doc.Schema), Digest: doc.Digest[:], Body: doc.Body},
		}
	}
}
