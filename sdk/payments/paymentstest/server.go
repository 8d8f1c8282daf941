package paymentstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/afara-dev/afara/sdk/payments"
)

// What every Server knows.
const (
	Key         = "sp_sk_test_stand_in"
	Secret      = "whsec_stand_in"
	Application = "shop"
)

// Server is one stand-in on loopback. It may be used from many goroutines.
type Server struct {
	URL string // without a path: /v1 and /api/v1 are both served

	http *httptest.Server

	mu         sync.Mutex
	sims       map[string]*sim
	float      int64
	pct        int64
	disabled   map[string]bool // operator and country
	records    []*record
	references map[string]*record
	deliveries []Delivery
	requests   []string
	faults     []Fault
	created    func(id string)
}

type sim struct {
	balance int64
	blocked bool
}

// record is a transaction and what its reference stands for.
type record struct {
	payments.Payment
	content    string // of the request, to tell a repetition
	idempotent bool
	balance    *int64 // the recipient's after a payout
}

// Fault is what becomes of one request.
type Fault struct {
	// Status is answered instead of doing anything; 0 does what is asked.
	Status     int
	RetryAfter string // header, with Status
	// Lost cuts the connection where the answer would begin.
	Lost bool
}

// NewServer starts a stand-in whose merchant has a float of 1,000,000 and bears
// the commission of 1 %. Close ends it.
func NewServer() *Server {
	s := &Server{sims: map[string]*sim{}, float: 1_000_000, pct: 100, disabled: map[string]bool{}, references: map[string]*record{}}
	mux := http.NewServeMux()
	for _, base := range []string{"/v1", "/api/v1"} {
		mux.HandleFunc("POST "+base+"/payments", s.authorised(s.create))
		mux.HandleFunc("GET "+base+"/payments", s.authorised(s.list))
		mux.HandleFunc("GET "+base+"/payments/{id}", s.authorised(s.get))
		mux.HandleFunc("POST "+base+"/payments/{id}/refund", s.authorised(s.refund))
		mux.HandleFunc("POST "+base+"/disbursements", s.authorised(s.disburse))
		mux.HandleFunc("GET "+base+"/meta", s.meta)
		mux.HandleFunc("GET "+base+"/health", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]string{"status": "ok"})
		})
	}
	s.http = httptest.NewServer(s.recorded(mux))
	s.URL = s.http.URL
	return s
}

// Close ends the server.
func (s *Server) Close() { s.http.Close() }

// PutSIM registers a customer's SIM, or changes it.
func (s *Server) PutSIM(msisdn string, balance int64, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sims[msisdn] = &sim{balance: balance, blocked: blocked}
}

// SetFloat sets what payouts are paid from.
func (s *Server) SetFloat(units int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.float = units
}

// SetAbsorption sets how much of the commission the merchant bears, in percent.
func (s *Server) SetAbsorption(pct int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pct = pct
}

// Disable takes operator and country out of service.
func (s *Server) Disable(operator, country string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled[operator+country] = true
}

// Fail gives the next requests these faults, one each.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// OnCreated has f called with the id of each new collection, before its answer
// leaves.
func (s *Server) OnCreated(f func(id string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created = f
}

// Requests lists what was asked so far: "POST /v1/payments", the query included.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func (s *Server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		id := fmt.Sprintf("req_%d", len(s.requests))
		var f Fault
		if len(s.faults) > 0 {
			f, s.faults = s.faults[0], s.faults[1:]
		}
		s.mu.Unlock()
		w.Header().Set("X-SandPay-Api-Version", payments.APIVersion)
		w.Header().Set("X-Request-Id", id)
		switch {
		case f.Lost:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case f.Status == http.StatusTooManyRequests:
			w.Header().Set("Retry-After", f.RetryAfter)
			refuse(w, f.Status, payments.CodeRateLimited, "Too many requests.")
		case f.Status != 0:
			if f.RetryAfter != "" {
				w.Header().Set("Retry-After", f.RetryAfter)
			}
			refuse(w, f.Status, payments.CodeInternal, "Something went wrong.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) authorised(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch key := r.Header.Get("Authorization"); key {
		case "Bearer " + Key:
			next(w, r)
		case "":
			refuse(w, http.StatusUnauthorized, payments.CodeUnauthorized, "The key is missing.")
		default:
			refuse(w, http.StatusUnauthorized, payments.CodeInvalidAPIKey, "The key is unknown.")
		}
	}
}

func (s *Server) meta(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, payments.Meta{
		APIVersion: payments.APIVersion, MinSDKVersion: "0.2.0", ChangelogURL: "http://" + r.Host + "/changelog",
		Capabilities: []string{
			payments.CapabilityPayments, payments.CapabilityRefunds, payments.CapabilityDisbursements, payments.CapabilityWebhooks,
			payments.CapabilityTestClients, payments.CapabilityMultiEnvironment, payments.CapabilityCommissionSplit,
			payments.CapabilityOrderLinkage, payments.CapabilityReferenceFormat,
		},
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever is gone needs no answer
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": code, "message": message})
}

// faulty refuses fields, each with what is wrong.
func faulty(w http.ResponseWriter, code string, fields map[string][]string) {
	answer(w, http.StatusBadRequest, map[string]any{"error": code, "message": "The request is not valid.", "detail": map[string]any{"fieldErrors": fields}})
}

// decode reads a body strictly, and answers what it cannot read.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, payments.CodeInvalidBody, strings.TrimPrefix(err.Error(), "json: "))
		return false
	}
	return true
}
