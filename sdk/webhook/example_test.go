package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// A receiver of callbacks puts a Verifier in front of its handler and acts once
// for each webhook-id.
func ExampleVerifier() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // as the environment shows it
	verifier := webhook.Verifier{Secrets: []string{secret}}
	receiver := verifier.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("received", r.Header.Get(webhook.HeaderID))
	}))

	body := `{"event":"invoice.signed"}`
	request := httptest.NewRequest(http.MethodPost, "/callbacks", strings.NewReader(body))
	if err := webhook.SetHeaders(request.Header, []string{secret}, "evt_1", time.Now(), []byte(body)); err != nil {
		fmt.Println(err)
	}
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output:
	// received evt_1
	// 200
}
