package httpapi

import (
	"errors"
	"net/http"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// triedView is how a trial of a webhook ended.
type triedView struct {
	EventID   domain.EventID `json:"eventId"`
	Event     string         `json:"event"`
	Delivered bool           `json:"delivered"`
	Status    *int           `json:"status"`
	Reason    *string        `json:"reason"`
	Duration  int64          `json:"durationMs"`
	// Answer is null when there was none.
	Answer  *string      `json:"answer"`
	Blocked *blockedView `json:"blocked"`
}

// blockedView is why our guard let nothing out. The address that a name led to
// is not in it: it would map the network behind us.
type blockedView struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"`
}

// maxTrials bounds the trials at once: each waits for a receiver that may be
// slow, and must not take the room of other requests.
const maxTrials = 32

// testWebhook sends one sample event now and tells how it went.
func (a *api) testWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var in struct {
		Event string `json:"event"`
	}
	if _, err := a.decode(r, bodyTest, &in); err != nil {
		return err
	}
	if !a.trials.take() {
		return errBusy
	}
	defer a.trials.free()
	event, result, err := a.cfg.Callbacks.TryEndpoint(r.Context(), principal(r).Environment, id, in.Event)
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, viewTried(event, result))
}

func viewTried(event domain.Event, result callback.Result) triedView {
	v := triedView{
		EventID: event.ID, Event: event.Type, Delivered: result.Class == callback.ClassDelivered,
		Status: number(result.Status), Reason: text(result.Reason), Duration: result.Duration.Milliseconds(),
	}
	var refused *callback.BlockedError
	switch {
	case errors.As(result.Cause, &refused):
		v.Blocked = &blockedView{Rule: refused.Rule, Detail: refused.Detail, Fix: refused.Fix}
	case result.Status != 0:
		v.Answer = &result.Body
	}
	return v
}

// number is nil for 0, ready for a nullable member.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
