package httpapi

import (
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/webhook"
)

// maxPushes bounds the vendors' requests that run at once.
const maxPushes = 256

// bodyLimit is how long a vendor has for its body: whoever sends slowly holds a
// place that others wait for.
const bodyLimit = 10 * time.Second

// webhookRoutes are where vendors push to, with any method. They need no key: the
// connector verifies what comes. They run beside the API's own requests, so that
// strangers take nobody's place there.
func (a *api) webhookRoutes() (out []route) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		for _, path := range []string{"/webhooks/{connector}/{connectionId}", "/webhooks/{connector}/{connectionId}/{kind}"} {
			out = append(out, route{method, path, public, limits{uncounted: true, foreign: true}, a.receiveWebhook})
		}
	}
	return out
}

func (a *api) receiveWebhook(w http.ResponseWriter, r *http.Request) error {
	if !a.pushes.take() {
		return errBusy
	}
	defer a.pushes.free()
	visit, err := a.cfg.Webhooks.Enter(r.Context(), webhook.Knock{
		Connector: chi.URLParam(r, "connector"), Connection: chi.URLParam(r, "connectionId"), Kind: chi.URLParam(r, "kind"), Address: addressOf(r),
	})
	if err != nil {
		return err
	}
	defer visit.Leave()
	body, err := a.readForeign(w, r)
	if err != nil {
		return err
	}
	header := r.Header.Clone()
	header.Set("Host", r.Host) // the server takes it out of the header
	header.Del("Cookie")
	reply, err := visit.Receive(r.Context(), webhook.Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Header: header, Body: body,
	})
	if err != nil {
		return err
	}
	answerForeign(w, reply)
	return nil
}

// readForeign reads a body of any kind, as it is.
func (a *api) readForeign(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > a.cfg.MaxBody {
		return nil, a.tooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
	control := http.NewResponseController(w)
	// A writer without deadlines is a test's.
	_ = control.SetReadDeadline(time.Now().Add(bodyLimit))
	defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	return a.read(r)
}

// addressOf is where a request comes from, as far as the engine itself sees: what
// a header says of it, whoever sent it may have made up.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// answerForeign answers as the connector says. What a vendor wants to be answered
// may be anything, also a page: no browser shall take it for one of the engine's.
func answerForeign(w http.ResponseWriter, reply domain.WebhookReply) {
	h := w.Header()
	for name, values := range reply.Header {
		if h.Get(name) == "" { // the request's id is the engine's to say
			h[name] = values
		}
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Content-Type") == "" && len(reply.Body) > 0 {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(reply.Status)
	if reply.Status != http.StatusNoContent && reply.Status != http.StatusNotModified {
		_, _ = w.Write(reply.Body) // the vendor may be gone
	}
}
