package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
)

// replayRequest is the body of POST /si/dlq/replay: some messages, or all that
// a filter selects.
type replayRequest struct {
	IDs    []domain.MessageID `json:"ids"`
	Filter *replayFilter      `json:"filter"`
	Limit  int                `json:"limit"`
	Cursor domain.MessageID   `json:"cursor"`
	// Resend sends a request in doubt again instead of looking it up.
	Resend bool `json:"resend"`
}

type replayFilter struct {
	Reason       string              `json:"reason"`
	Stage        domain.Stage        `json:"stage"`
	ConnectionID domain.ConnectionID `json:"connectionId"`
	HeldSince    time.Time           `json:"heldSince"`
	HeldUntil    time.Time           `json:"heldUntil"`
}

// maxReplay is how many messages one request replays.
const maxReplay = 500

func (a *api) replayHeld(w http.ResponseWriter, r *http.Request) error {
	var in replayRequest
	if _, err := a.decode(r, bodyReplay, &in); err != nil {
		return err
	}
	f, err := in.held()
	if err != nil {
		return err
	}
	p := principal(r)
	done, err := a.cfg.Pipeline.Replay(r.Context(), p.Environment.ID, f, in.Resend, string(p.Key))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, viewReplayed(done, f))
}

// held is the request as the pipeline's filter. Neither ids nor filter would
// be everything; so much has to be said.
func (in replayRequest) held() (pipeline.HeldFilter, error) {
	switch {
	case in.IDs == nil && in.Filter == nil:
		return pipeline.HeldFilter{}, invalidBody([]domain.FieldError{{
			Code: "nothing_selected", Detail: "The body selects no message.",
			Fix: `Name messages with "ids", or select with "filter"; {"filter": {}} replays all.`,
		}})
	case in.IDs != nil && (in.Filter != nil || in.Cursor != "" || in.Limit != 0):
		return pipeline.HeldFilter{}, invalidBody([]domain.FieldError{{
			Pointer: "/ids", Code: "ids_alone", Detail: "ids already says which messages; filter, limit and cursor have nothing to add.",
			Fix: "Send ids, or filter with limit and cursor.",
		}})
	case in.IDs != nil:
		return pipeline.HeldFilter{Messages: in.IDs, Limit: maxReplay}, nil
	}
	if in.Limit == 0 {
		in.Limit = maxReplay
	}
	return pipeline.HeldFilter{
		Reason: in.Filter.Reason, Stage: in.Filter.Stage, Connection: in.Filter.ConnectionID,
		HeldSince: in.Filter.HeldSince, HeldUntil: in.Filter.HeldUntil, After: in.Cursor, Limit: in.Limit,
	}, nil
}

// replayedView is the answer to a replay.
type replayedView struct {
	Replayed []domain.MessageID `json:"replayed"`
	Refused  []refusedView      `json:"refused"`
	// NextCursor goes on behind this request's messages: those that were
	// refused stay held, and would be met again.
	NextCursor *string `json:"nextCursor"`
}

type refusedView struct {
	MessageID domain.MessageID `json:"messageId"`
	Code      string           `json:"code"`
	Detail    string           `json:"detail"`
	SettlesAt any              `json:"settlesAt"`
}

func viewReplayed(done pipeline.Replayed, f pipeline.HeldFilter) replayedView {
	out := replayedView{Replayed: slices.Clone(done.Replayed), Refused: []refusedView{}}
	if out.Replayed == nil {
		out.Replayed = []domain.MessageID{}
	}
	for id, e := range done.Refused {
		out.Refused = append(out.Refused, refusedView{MessageID: id, Code: e.Code, Detail: e.Detail, SettlesAt: e.Extra["settlesAt"]})
	}
	slices.SortFunc(out.Refused, func(a, b refusedView) int { return strings.Compare(string(a.MessageID), string(b.MessageID)) })
	if met := len(done.Replayed) + len(done.Refused); f.Messages == nil && met == f.Limit {
		last := slices.Max(append(slices.Collect(maps.Keys(done.Refused)), done.Replayed...))
		out.NextCursor = text(last)
	}
	return out
}
