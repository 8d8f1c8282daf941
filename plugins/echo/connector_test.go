package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/echo/simulator"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/sdktest"
)

// TestMain makes this binary the connector itself when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv(sdk.Handshake().MagicCookieKey) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	apiKey        = "key-of-the-registry"
	webhookSecret = "secret-of-notifications"
	irn           = "INV0001-ECHO0001-20261123"
)

// bench is a connector, its registry, and the connection between them.
type bench struct {
	client     connectorpb.ConnectorClient
	registry   *simulator.Simulator
	connection *connectorpb.Connection
}

func setup(t *testing.T) *bench {
	t.Helper()
	registry := simulator.New(simulator.Options{APIKey: apiKey, WebhookSecret: webhookSecret})
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	return &bench{
		client:     sdktest.NewClient(t, connector{}),
		registry:   registry,
		connection: connectionWith(t, settings{BaseURL: server.URL, APIKey: apiKey, WebhookSecret: webhookSecret}),
	}
}

func connectionWith(t *testing.T, s settings) *connectorpb.Connection {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return &connectorpb.Connection{Id: "con_1", Version: 1, Environment: "sandbox", Settings: raw}
}

// invoke calls an operation with the sample invoice and answers its result or
// its error.
func (b *bench) invoke(t *testing.T, operation, parameters string) (string, *connectorpb.Error) {
	t.Helper()
	body := schemas.Sample("INV-0001", "2026-11-23")
	digest := schemas.DigestOf(body)
	answer, err := b.client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.connection, Operation: operation, Key: "key-1", MessageId: "msg_1",
		Document:   &connectorpb.Document{Schema: string(schemas.InvoiceV1), Digest: digest[:], Body: body},
		Parameters: []byte(parameters),
	})
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	if answer.GetConnectionUnknown() {
		t.Fatalf("invoke %s: connection unknown although it carried its settings", operation)
	}
	return string(answer.GetResult()), answer.GetError()
}

func (b *bench) want(t *testing.T, operation, parameters, result string) {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure != nil {
		t.Fatalf("%s: %v", operation, failure)
	}
	if got != result {
		t.Fatalf("%s answered %s, want %s", operation, got, result)
	}
	if strings.Contains(operation, "invoice.") {
		if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
			t.Fatalf("%s: %v", operation, err)
		}
	}
}

func (b *bench) wantError(t *testing.T, operation, parameters string, class connectorpb.Class, code string) *connectorpb.Error {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure == nil {
		t.Fatalf("%s answered %s, want %s %s", operation, got, class, code)
	}
	if failure.Class != class || failure.Code != code {
		t.Fatalf("%s failed with %v, want %s %s", operation, failure, class, code)
	}
	return failure
}

const irnOnly = `{"irn":"` + irn + `"}`

// lookup gives the parameters of a look-up of the sample invoice, with another
// amount to pay when there is one.
func lookup(t *testing.T, payable string) string {
	t.Helper()
	var sample schemas.Invoice
	if err := json.Unmarshal(schemas.Sample("INV-0001", "2026-11-23"), &sample); err != nil {
		t.Fatal(err)
	}
	in := schemas.LookupInput{Operation: schemas.OpInvoiceSign, IRN: irn, IssueDate: sample.IssueDate}
	in.Total.Currency = sample.DocumentCurrencyCode
	in.Total.TaxExclusive = sample.LegalMonetaryTotal.TaxExclusiveAmount
	in.Total.Payable = sample.LegalMonetaryTotal.PayableAmount
	if payable != "" {
		in.Total.Payable, _ = schemas.ParseDecimal(payable)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestPrepareIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		b.want(t, "invoice.prepare", `{"referenceKey":"INV0001","issueDate":"2026-11-23"}`,
			`{"irn":"`+irn+`","qrCodeData":"ZWNobzpJTlYwMDAxLUVDSE8wMDAxLTIwMjYxMTIz"}`)
	}
	if n := b.registry.Counters().Requests; n != 0 {
		t.Errorf("prepare asked the registry %d times, want none", n)
	}
}

func TestAnInvoiceIsValidatedSignedAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"not_found"}`)
	b.want(t, "invoice.validate", irnOnly, `{}`)
	signed, failure := b.invoke(t, "invoice.sign", irnOnly)
	if failure != nil || schemas.Validate(schemas.OperationOutput("invoice.sign"), []byte(signed)) != nil {
		t.Fatalf("sign answered %q, %v", signed, failure)
	}
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"found_final"}`)
	if asked := b.registry.Counters().References[irn]; asked != (simulator.Asked{Registrations: 1, Effects: 1, Lookups: 2}) {
		t.Errorf("registry was asked %+v", asked)
	}
}

func TestALookupComparesWhatItFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.invoke(t, "invoice.sign", irnOnly)
	b.want(t, "invoice.lookup", lookup(t, "0.01"),
		`{"result":"found_different","differences":[{"field":"payable","expected":"0.01","found":"532125.00"}]}`)
}

func TestAUsedReferenceIsADoubtAndNotARefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.invoke(t, "invoice.sign", irnOnly)
	b.wantError(t, "invoice.sign", irnOnly, connectorpb.Class_CLASS_UNKNOWN_OUTCOME, "vendor_unavailable")
}

func TestALostAnswerIsADoubtAndIsNotRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"not_found"}`) // leaves a connection to reuse
	b.registry.SetFaults(simulator.Faults{LoseAnswer: true, NoDuplicateGuard: true})
	b.wantError(t, "invoice.sign", irnOnly, connectorpb.Class_CLASS_UNKNOWN_OUTCOME, "no_answer")
	if asked := b.registry.Counters().References[irn]; asked.Registrations != 1 {
		t.Errorf("%d requests to register, want 1", asked.Registrations)
	}
	b.want(t, "invoice.lookup", lookup(t, ""), `{"result":"found_final"}`)
}

func TestTheRegistrysAnswersAreClassed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, operation string
		status          int
		class           connectorpb.Class
	}{
		{"rate limit", "invoice.sign", http.StatusTooManyRequests, connectorpb.Class_CLASS_RATE_LIMITED},
		{"fault while signing", "invoice.sign", http.StatusInternalServerError, connectorpb.Class_CLASS_UNKNOWN_OUTCOME},
		{"fault while validating", "invoice.validate", http.StatusInternalServerError, connectorpb.Class_CLASS_UNAVAILABLE},
		{"fault while looking up", "invoice.lookup", http.StatusServiceUnavailable, connectorpb.Class_CLASS_UNAVAILABLE},
		{"key refused", "invoice.sign", http.StatusForbidden, connectorpb.Class_CLASS_UNAUTHORIZED},
		{"refused", "invoice.sign", http.StatusBadRequest, connectorpb.Class_CLASS_REJECTED},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.registry.SetFaults(simulator.Faults{Status: c.status, RetryAfterSeconds: 7})
			parameters := irnOnly
			if c.operation == "invoice.lookup" {
				parameters = lookup(t, "")
			}
			_, failure := b.invoke(t, c.operation, parameters)
			if failure.GetClass() != c.class || failure.GetVendorCode() != "fault" || failure.GetRetryAfterMillis() != 7000 {
				t.Errorf("got %v, want class %s with the registry's code and time", failure, c.class)
			}
		})
	}
}

func TestAWrongAddressPausesAndRejectsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	b.connection = connectionWith(t, settings{BaseURL: other.URL, APIKey: apiKey})
	b.wantError(t, "invoice.sign", irnOnly, connectorpb.Class_CLASS_MISCONFIGURED, "vendor_path_unknown")
	b.wantError(t, "invoice.lookup", lookup(t, ""), connectorpb.Class_CLASS_MISCONFIGURED, "vendor_path_unknown")
}

func TestCheckProvesTheKeyAndNeverShowsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection})
	if err != nil || answer.Error != nil {
		t.Fatalf("good key: %v %v", answer, err)
	}
	const wrong = "wrong-key-that-must-not-show"
	bad := connectionWith(t, settings{BaseURL: settingsOf(t, b.connection).BaseURL, APIKey: wrong})
	bad.Version = 2
	answer, err = b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: bad})
	if err != nil || answer.GetError().GetClass() != connectorpb.Class_CLASS_UNAUTHORIZED {
		t.Fatalf("wrong key: %v %v", answer, err)
	}
	if strings.Contains(answer.String(), wrong) {
		t.Errorf("the answer shows the key: %v", answer)
	}
}

func TestSayAnswersWhatItWasTold(t *testing.T) {
	t.Parallel()
	setup(t).want(t, "echo.say", `{"text":"bawo ni"}`, `{"text":"bawo ni"}`)
}

func settingsOf(t *testing.T, c *connectorpb.Connection) (s settings) {
	t.Helper()
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		t.Fatal(err)
	}
	return s
}
