package httpapi

import (
	"errors"
	"net/http"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// testCallbackRequest is the body of POST /onboarding/test-callback.
type testCallbackRequest struct {
	URL           string               `json:"url"`
	EnvironmentID domain.EnvironmentID `json:"environmentId"`
}

// testCallbackView is how a test callback ended. Success is whether the receiver
// took it, so that whoever looks at nothing else is not misled.
type testCallbackView struct {
	Success    bool           `json:"success"`
	Delivered  bool           `json:"delivered"`
	EventID    domain.EventID `json:"eventId"`
	Status     *int           `json:"status"`
	Reason     *string        `json:"reason"`
	DurationMs int64          `json:"durationMs"`
	Answer     *string        `json:"answer"`
	Truncated  bool           `json:"truncated"`
}

func (a *api) testCallback(w http.ResponseWriter, r *http.Request) error {
	var in testCallbackRequest
	if _, err := a.decode(r, bodyProbe, &in); err != nil {
		return err
	}
	env := principal(r).Environment
	if in.EnvironmentID != "" && in.EnvironmentID != env.ID {
		return errEnvironment
	}
	result, err := a.cfg.TestCallbacks.TestCallback(r.Context(), env, in.URL)
	if err != nil {
		return refusedURL(err)
	}
	return answer(w, http.StatusOK, viewTestCallback(result))
}

func viewTestCallback(r callback.ProbeResult) testCallbackView {
	v := testCallbackView{
		Success: r.Delivered, Delivered: r.Delivered, EventID: r.Event, Reason: text(r.Reason),
		DurationMs: r.Duration.Milliseconds(), Answer: text(r.Answer), Truncated: r.Truncated,
	}
	if r.Status != 0 {
		v.Status = &r.Status
	}
	return v
}

// refusedURL is what the guard refused, as a fault of the body; other errors go
// through.
func refusedURL(err error) error {
	var refused *callback.BlockedError
	if !errors.As(err, &refused) {
		return err
	}
	return invalidBody([]domain.FieldError{refused.Fault("/url")})
}
