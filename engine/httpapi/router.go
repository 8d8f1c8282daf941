package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
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
	// foreign is what others decide the form of: any query and any body, which the
	// handler bounds.
	foreign bool
	// sandpay is whether errors have the form of the payments' contract.
	sandpay bool
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
	return append(append(a.webhookRoutes(), a.paymentRoutes()...), []route{
		{post, "/si/invoices", write, limits{body: true, query: []string{"environmentId"}}, a.postInvoice},
		{get, "/si/invoices", read, limits{query: invoiceFilters()}, a.listInvoices},
		{post, "/si/invoices/sample", write, body, a.postSample},
		{get, "/si/invoices/{id}", read, none, a.getInvoice},
		{put, "/si/invoices/{id}", write, body, a.putInvoice},
		{post, "/si/invoices/{id}/void", write, body, a.voidInvoice},
		{post, "/si/invoices/{id}/payment-requests", write, body, a.postPaymentRequest},
		{get, "/si/invoices/{id}/qr.png", read, limits{query: []string{"size"}}, a.getQR},

		{post, "/si/messages/{id}/resolve", ops, body, a.resolveMessage},
		{get, "/si/dlq", ops, limits{query: heldFilters()}, a.listHeld},
		{get, "/si/dlq/stats", ops, none, a.heldStats},
		{post, "/si/dlq/replay", ops, body, a.replayHeld},

		{get, "/si/payments", ops, limits{query: recordFilters()}, a.listPaymentRecords},
		{get, "/si/payments/{id}", ops, none, a.getPaymentRecord},
		{post, "/si/payments/{id}/refund-late", ops, none, a.refundLate},
		{post, "/si/payments/{id}/accept-late", ops, none, a.acceptLate},

		{get, "/si/float", ops, none, a.getFloat},
		{get, "/si/float/adjustments", ops, limits{query: adjustmentFilters()}, a.listAdjustments},
		{post, "/si/float/adjustments", ops, body, a.postAdjustment},

		{get, "/si/connectors/registry", read, none, a.getRegistry},
		{get, "/si/connectors/registry/{name}", ops, none, a.getConnector},
		{post, "/si/connectors/registry/{name}/restart", ops, body, a.order(fleet.ActionRestart)},
		{post, "/si/connectors/registry/{name}/pause", ops, body, a.order(fleet.ActionPause)},
		{post, "/si/connectors/registry/{name}/resume", ops, body, a.order(fleet.ActionResume)},
		{post, "/si/connectors/registry/{name}/stop", ops, body, a.order(fleet.ActionStop)},
		{post, "/si/connectors/registry/{name}/reload", ops, body, a.order(fleet.ActionReload)},
		{post, "/si/connectors/registry/{name}/rollback", ops, body, a.order(fleet.ActionRollback)},
		{post, "/si/connectors/registry/{name}/log-level", ops, body, a.setLogLevel},

		{get, "/si/nodes", ops, none, a.listNodes},
		{get, "/si/audit", ops, limits{query: auditFilters()}, a.listAudit},

		{post, "/si/connections", write, body, a.postConnection},
		{get, "/si/connections", read, none, a.listConnections},
		{get, "/si/connections/{id}", read, none, a.getConnection},
		{put, "/si/connections/{id}", write, body, a.putConnection},
		{del, "/si/connections/{id}", write, none, a.deleteConnection},
		{post, "/si/connections/{id}/test", write, none, a.proveConnection},
		{post, "/si/connections/{id}/enable", write, none, a.enableConnection},
		{post, "/si/connections/{id}/disable", write, none, a.disableConnection},
		{get, "/si/connections/{id}/versions", read, none, a.listConnectionVersions},
		{get, "/si/connections/{id}/webhooks", read, limits{query: []string{"state", "cursor", "limit"}}, a.listReceived},
		{post, "/si/connections/{id}/rollback", write, body, a.rollbackConnection},
		{post, "/si/connections/{id}/sync", write, body, a.syncConnection},
		{post, "/si/connections/{id}/preview", write, body, a.previewConnection},
		{get, "/si/connections/{id}/runs", read, limits{query: []string{"stream", "cursor", "limit"}}, a.listRuns},
		{get, "/si/connections/{id}/records", read, limits{query: []string{"stream", "key", "cursor", "limit"}}, a.listRecords},
		{post, "/si/connections/{id}/operations/{operation}", write, body, a.postOperation},

		{get, "/si/corridors", read, none, a.listCorridors},
		{get, "/si/corridors/{operator}/{country}", read, none, a.getCorridor},
		{put, "/si/corridors/{operator}/{country}", write, body, a.putCorridor},
		{del, "/si/corridors/{operator}/{country}", write, none, a.deleteCorridor},
		{post, "/si/stores", write, body, a.postStore},
		{get, "/si/stores", read, limits{query: []string{"cursor", "limit"}}, a.listStores},
		{get, "/si/stores/{slug}", read, none, a.getStore},
		{put, "/si/stores/{slug}", write, body, a.putStore},
		{del, "/si/stores/{slug}", write, none, a.deleteStore},
		{post, "/si/test-clients", write, body, a.postTestClient},
		{get, "/si/test-clients", read, limits{query: []string{"operator", "cursor", "limit"}}, a.listTestClients},
		{get, "/si/test-clients/{msisdn}", read, limits{query: ofClient()}, a.getTestClient},
		{put, "/si/test-clients/{msisdn}", write, limits{body: true, query: ofClient()}, a.putTestClient},
		{del, "/si/test-clients/{msisdn}", write, limits{query: ofClient()}, a.deleteTestClient},
		{get, "/si/test-clients/{msisdn}/prompts", read, limits{query: ofClient()}, a.listPrompts},
		{post, "/si/test-clients/{msisdn}/prompts/{id}", write, limits{body: true, query: ofClient()}, a.answerPrompt},

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

		{get, "/v1/ledger", read, limits{query: ledgerFilters()}, a.listLedger},
		{get, "/v1/ledger/accounts", read, limits{query: []string{"account", "currency", "cursor", "limit"}}, a.listAccounts},

		{get, "/si/callbacks/dlq", ops, limits{query: failedFilters()}, a.listFailed},
		{get, "/si/callbacks/dlq/stats", ops, none, a.failedStats},
		{post, "/si/callbacks/dlq/replay", ops, body, a.replayFailed},

		{get, "/healthz", public, probe, a.healthz},
		{get, "/readyz", public, probe, a.readyz},
		{get, "/metrics", public, probe, a.getMetrics},
		{get, "/openapi.yaml", public, none, a.getOpenAPIYAML},
		{get, "/openapi.json", public, none, a.getOpenAPIJSON},
		{get, "/schemas/*", public, none, a.getSchema},
	}...)
}

var (
	errNoRoute = &domain.Error{Kind: domain.KindNotFound, Code: "no_such_route",
		Detail: "There is nothing at this path: GET /openapi.yaml lists what there is."}
	errMethod = &domain.Error{Kind: kindMethod, Code: "method_not_allowed",
		Detail: "This path does not answer that method; the header Allow lists those it answers."}
)

func (a *api) router() http.Handler {
	m := chi.NewRouter()
	m.Use(a.access, sandpay, middleware.GetHead)
	for _, row := range a.routes() {
		m.MethodFunc(row.method, row.path, a.serve(row))
	}
	m.NotFound(a.refuse(errNoRoute))
	m.MethodNotAllowed(a.refuseMethod(m))
	return m
}

func (a *api) refuseMethod(m *chi.Mux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
			as := method
			if method == http.MethodHead {
				as = http.MethodGet
			}
			if m.Match(chi.NewRouteContext(), as, r.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		a.failAt(w, r, errMethod)
	}
}

func (a *api) refuse(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { a.failAt(w, r, err) }
}

// serve puts a row's limits, key and scope before its handler.
func (a *api) serve(row route) http.HandlerFunc {
	fail := a.fail
	if row.limits.sandpay {
		fail = a.failSandpay
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if !row.limits.uncounted {
			if !a.slots.take() {
				fail(w, r, errBusy)
				return
			}
			defer a.slots.free()
		}
		if err := a.admit(w, r, row); err != nil {
			fail(w, r, err)
			return
		}
		if err := row.handle(w, r); err != nil {
			fail(w, r, err)
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
	if row.limits.foreign {
		return nil
	}
	if err := knownQuery(r, row.limits.query); err != nil {
		return err
	}
	return a.admitBody(w, r, row.limits)
}
