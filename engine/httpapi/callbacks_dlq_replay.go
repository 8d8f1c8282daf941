package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// replayFailedRequest is the body of POST /si/callbacks/dlq/replay: some
// deliveries, or all that a filter selects.
type replayFailedRequest struct {
	IDs     []domain.DeliveryID `json:"ids"`
	Filter  *deliverySelection  `json:"filter"`
	Preview bool                `json:"preview"`
	Cursor  replayCursor        `json:"cursor"`
}

// replayFailed gives failed deliveries back to the workers, each as a new
// delivery of the same event. What has not failed is never met.
func (a *api) replayFailed(w http.ResponseWriter, r *http.Request) error {
	var in replayFailedRequest
	if _, err := a.decode(r, bodyReplayFailed, &in); err != nil {
		return err
	}
	f, err := in.failed()
	if err != nil {
		return err
	}
	done, err := a.replayMany(r, f, in.Cursor, in.Preview)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, done)
}

// failed is the request as a filter. Neither ids nor filter would be
// everything; so much has to be said.
func (in replayFailedRequest) failed() (f callback.DeliveryFilter, err error) {
	switch {
	case in.IDs == nil && in.Filter == nil:
		return f, invalidBody([]domain.FieldError{{
			Code: "nothing_selected", Detail: "The body selects no delivery.",
			Fix: `Name deliveries with "ids", or select with "filter"; {"filter": {}} replays all that failed.`,
		}})
	case in.IDs != nil && (in.Filter != nil || in.Cursor != ""):
		return f, invalidBody([]domain.FieldError{{
			Pointer: "/ids", Code: "ids_alone", Detail: "ids already says which deliveries; filter and cursor have nothing to add.",
			Fix: "Send ids, or filter with cursor.",
		}})
	case in.IDs != nil:
		f.Deliveries = in.IDs
	default:
		f, err = in.Filter.filter()
	}
	f.Failed = true
	return f, err
}
