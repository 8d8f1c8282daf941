package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
)

// hook is a webhook receiver.
type hook struct {
	url string
	mu  sync.Mutex
	got []string
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.url = newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, message, _ := strings.Cut(string(body), `"message":"`)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, strings.TrimSuffix(message, `"}`))
	})
	return h
}

func (h *hook) messages() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprint(h.got)
}

func TestATransmissionIsAnnouncedAndAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	b.wantRefusal(t, "POST", "/api/v1/invoice/transmit/"+b.irn("A1"), "", "invoice_actions", "webhook url is not set up for this account", public)
	b.wantRefusal(t, "GET", "/api/v1/invoice/transmit/self-health-check", "", "invoice_actions", "webhook url is not set up for this account", public)
	h := newHook(t)
	b.us = b.provision(t, b.us.TIN, h.url)
	path := "/api/v1/invoice/transmit/" + b.irn("A1")
	if status, _ := b.ask(t, "POST", path, ""); status != 404 {
		t.Fatalf("unsigned: %d", status)
	}
	b.sign(t, "A1")
	if status, body := b.ask(t, "PATCH", path, ""); status == 200 {
		t.Fatalf("acknowledged before sent: %s", body)
	}
	if status, body := b.ask(t, "POST", path, ""); status != 200 || body != `{"code":200,"data":{"ok":true}}` {
		t.Fatalf("transmit: %d %s", status, body)
	}
	eventually(t, "both notifications", func() bool { return h.messages() == "[TRANSMITTING TRANSMITTED]" })
	if _, body := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), ""); !strings.Contains(body, `"transmitted":true,"delivered":false`) {
		t.Errorf("confirm: %s", body)
	}
	if _, body := b.askAs(t, b.buyer, "GET", "/api/v1/invoice/transmit/pull?confirmed=false", ""); !strings.Contains(body, b.irn("A1")) {
		t.Errorf("pull: %s", body)
	}
	if status, _ := b.askAs(t, b.buyer, "GET", "/api/v1/invoice/download/"+b.irn("A1"), ""); status != 200 {
		t.Errorf("download by the buyer: %d", status)
	}
	if status, _ := b.askAs(t, b.buyer, "PATCH", path, `{"message":"ACKNOWLEDGED"}`); status != 200 {
		t.Fatalf("acknowledge: %d", status)
	}
	eventually(t, "the acknowledgement", func() bool { return h.messages() == "[TRANSMITTING TRANSMITTED ACKNOWLEDGED]" })
	if _, body := b.ask(t, "GET", "/api/v1/invoice/transmit/lookup/"+b.irn("A1"), ""); !strings.Contains(body, `"status":"ACKNOWLEDGED"`) {
		t.Errorf("lookup: %s", body)
	}
}

func TestWebhooksGoWrongOnRequest(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"SIMHOOKTWICE": "[TRANSMITTING TRANSMITTING TRANSMITTED TRANSMITTED]",
		"SIMHOOKORDER": "[TRANSMITTED TRANSMITTING]",
		"SIMHOOKEARLY": "[TRANSMITTING TRANSMITTED]",
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{})
			h := newHook(t)
			b.us = b.provision(t, b.us.TIN, h.url)
			b.sign(t, number)
			b.ask(t, "POST", "/api/v1/invoice/transmit/"+b.irn(number), "")
			if number == "SIMHOOKEARLY" && h.messages() != want {
				t.Errorf("after the answer: %s", h.messages())
			}
			eventually(t, want, func() bool { return h.messages() == want })
			if _, body := b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn(number), ""); !strings.Contains(body, `"transmitted":true`) {
				t.Errorf("confirm: %s", body)
			}
		})
	}
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		b := setup(t, simulator.Options{})
		h := newHook(t)
		b.us = b.provision(t, b.us.TIN, h.url)
		b.sign(t, "SIMHOOKNEVER")
		b.ask(t, "POST", "/api/v1/invoice/transmit/"+b.irn("SIMHOOKNEVER"), "")
		_ = b.Close() // waits for webhooks on their way
		if h.messages() != "[]" {
			t.Errorf("got %s", h.messages())
		}
	})
}
