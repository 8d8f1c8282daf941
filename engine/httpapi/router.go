package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/afara-dev/afara/engine/domain"
)

// handler answers a request, or says why not; fail turns the error into the
// answer.
type handler func(w http.ResponseWriter, r *http.Request) error

// limits says what a route takes.
type limits struct {
	// body is whether the route reads one, of at most Config.MaxBody.
	body bool
	// query lists the parameters; any other is refused by name.
	query []string
	// uncounted requests run beside Config.MaxInFlight.
	uncounted bool
}

// public is the scope of routes that need no key.
const public domain.Scope = ""

// route is one row of the table of routes.
type route struct {
	method, path string
	scope        domain.Scope
	limits       limits
	handle       handler
}

// routes is the whole API. A test holds openapi.yaml to it.
func (a *api) routes() []route {
	const (
		get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
		read, write, ops    = domain.ScopeRead, domain.ScopeWrite, domain.ScopeOps
	)
	var none, probe, body = limits{}, limits{uncounted: true}, limits{body: true}
	return []route{
		{post, "/si/invoices", write, limits{body: true, query: []string{"environmentId"}}, a.postInvoice},
		{get, "/si/invoices", read, limits{query: invoiceFilters()}, a.listInvoices},
		{post, "/si/invoices/sample", write, body, a.postSample},
		{get, "/si/invoices/{id}", read, none, a.getInvoice},
		{put, "/si/invoices/{id}", write, body, a.putInvoice},
		{post, "/si/invoices/{id}/void", write, body, a.voidInvoice},
		{get, "/si/invoices/{id}/qr.png", read, limits{query: []string{"size"}}, a.getQR},

		{post, "/si/messages/{id}/resolve", ops, body, a.resolveMessage},
		{get, "/si/dlq", ops, limits{query: heldFilters()}, a.listHeld},
		{get, "/si/dlq/stats", ops, none, a.heldStats},
		{post, "/si/dlq/replay", ops, body, a.replayHeld},

		{get, "/si/connectors/registry", read, none, a.getRegistry},

		{post, "/onboarding/test-callback", write, body, a.testCallback},

		{post, "/v1/webhooks", write, body, a.postWebhook},
		{get, "/v1/webhooks", read, none, a.listWebhooks},
		{get, "/v1/webhooks/{id}", read, none, a.getWebhook},
		{put, "/v1/webhooks/{id}", write, body, a.putWebhook},
		{del, "/v1/webhooks/{id}", write, none, a.deleteWebhook},
		{post, "/v1/webhooks/{id}/rotate-secret", write, body, a.rotateWebhook},
		{post, "/v1/webhooks/{id}/test", write, body, a.testWebhook},
		{post, "/v1/webhooks/{id}/replay", write, body, a.replayWebhook},
		{post, "/v1/environment/rotate-secret", write, body, a.rotateEnvironment},

		{get, "/v1/event-types", read, none, a.listEventTypes},
		{post, "/v1/events", write, body, a.postEvents},
		{get, "/v1/events", read, limits{query: eventFilters()}, a.listEvents},
		{get, "/v1/events/{id}", read, none, a.getEvent},

		{get, "/v1/deliveries", read, limits{query: deliveryFilters()}, a.listDeliveries},
		{post, "/v1/deliveries/replay", write, body, a.replayDeliveries},
		{get, "/v1/deliveries/{id}", read, none, a.getDelivery},
		{get, "/v1/deliveries/{id}/attempts", read, none, a.listDeliveryAttempts},
		{post, "/v1/deliveries/{id}/replay", write, none, a.replayDelivery},

		{get, "/si/callbacks/dlq", ops, limits{query: failedFilters()}, a.listFailed},
		{get, "/si/callbacks/dlq/stats", ops, none, a.failedStats},
		{post, "/si/callbacks/dlq/replay", ops, body, a.replayFailed},

		{get, "/healthz", public, probe, a.healthz},
		{get, "/readyz", public, probe, a.readyz},
		{get, "/metrics", public, probe, a.getMetrics},
		{get, "/openapi.yaml", public, none, a.getOpenAPIYAML},
		{get, "/openapi.json", public, none, a.getOpenAPIJSON},
		{get, "/schemas/*", public, none, a.getSchema},
	}
}

var (
	errNoRoute = &domain.Error{Kind: domain.KindNotFound, Code: "no_such_route",
		Detail: "There is nothing at this path: GET /openapi.yaml lists what there is."}
	errMethod = &domain.Error{Kind: kindMethod, Code: "method_not_allowed",
		Detail: "This path does not answer that method; the header Allow lists those it answers."}
)

func (a *api) router() http.Handler {
	m := chi.NewRouter()
	m.Use(a.access, middleware.GetHead)
	for _, row := range a.routes() {
		m.MethodFunc(row.method, row.path, a.serve(row))
	}
	m.NotFound(a.refuse(errNoRoute))
	m.MethodNotAllowed(a.refuseMethod(m))
	return m
}

func (a *api) refuseMethod(m *chi.Mux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			as := method
			if method == http.MethodHead {
				as = http.MethodGet
			}
			if m.Match(chi.NewRouteContext(), as, r.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		a.fail(w, r, errMethod)
	}
}

func (a *api) refuse(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, err) }
}

// serve puts a row's limits, key and scope before its handler.
func (a *api) serve(row route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !row.limits.uncounted {
			if !a.slots.take() {
				a.fail(w, r, errBusy)
				return
			}
			defer a.slots.free()
		}
		if err := a.admit(w, r, row); err != nil {
			a.fail(w, r, err)
			return
		}
		if err := row.handle(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// admit asks for the key before anything else: a stranger learns nothing of
// what a route would have said.
func (a *api) admit(w http.ResponseWriter, r *http.Request, row route) error {
	if row.scope != public {
		p, err := a.authenticate(r, row.scope)
		callOf(r.Context()).principal = p
		if err != nil {
			return err
		}
	}
	if err := knownQuery(r, row.limits.query); err != nil {
		return err
	}
	return a.admitBody(w, r, row.limits)
}
