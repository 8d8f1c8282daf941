package sdk_test

import (
	"context"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestTheManifestMustMatchTheConnector(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, want string }{
		{"no JSON", probeManifest, "{", "manifest"},
		{"undeclared handler", `{"name": "probe.run"`, `{"name": "probe.walk"`, `operation "probe.run" has a handler but is not declared: add it to operations`},
		{"no handler", `{"name": "probe.run"`, `{"name": "probe.walk"`, `operation "probe.walk" is declared but has no handler: return it from Operations`},
		{"no capability", `{"name": "invoice.lookup"`, `{"name": "invoice.validate", "title": "V", "effect": "none", "deadline": "1s"}, {"name": "invoice.lookup"`, `implement its capability interface`},
		{"streams without Puller", `"operations"`, `"streams": [{"name": "s", "title": "S"}], "operations"`, "streams are declared but the connector is no sdk.Puller"},
		{"webhooks without handler", `"operations"`, `"webhooks": [{"name": "w", "title": "W"}], "operations"`, "webhooks are declared but the connector is no sdk.WebhookHandler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := sdk.NewServer(probe{manifest: strings.Replace(probeManifest, c.from, c.to, 1)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// eager pulls and handles webhooks but its manifest declares neither.
type eager struct{ probe }

func (eager) Pull(context.Context, *sdk.Pull, func(sdk.Batch) error) error { return nil }
func (eager) HandleWebhook(context.Context, *sdk.Webhook) (*sdk.WebhookResult, error) {
	return nil, nil
}

func TestAllDifferencesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := sdk.NewServer(eager{})
	if err == nil || !strings.Contains(err.Error(), "declares no streams") || !strings.Contains(err.Error(), "declares no webhooks") {
		t.Errorf("got %v", err)
	}
}

func TestDescribeAnswersTheManifestAsWritten(t *testing.T) {
	t.Parallel()
	a, err := start(t, probe{}).Describe(t.Context(), &connectorpb.DescribeRequest{})
	if err != nil || string(a.Manifest) != probeManifest {
		t.Errorf("got %s, %v", a.GetManifest(), err)
	}
}
