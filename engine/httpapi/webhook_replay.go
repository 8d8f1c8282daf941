package httpapi

import (
	"net/http"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// replaySinceRequest is the body of POST /v1/webhooks/{id}/replay.
type replaySinceRequest struct {
	Since   time.Time      `json:"since"`
	Preview bool           `json:"preview"`
	Cursor  domain.EventID `json:"cursor"`
}

// replayWebhook sends a webhook what it has missed.
func (a *api) replayWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var in replaySinceRequest
	if _, err := a.decode(r, bodyReplaySince, &in); err != nil {
		return err
	}
	done, err := a.cfg.Callbacks.ReplaySince(r.Context(), principal(r).Environment.ID, id, in.Since, in.Cursor, in.Preview, actor(r))
	if err != nil {
		return err
	}
	return answerData(w, http.StatusOK, viewReplayCount(done, in.Preview, done.Next))
}

// replayCountView is the answer to a replay of many.
type replayCountView struct {
	Preview bool `json:"preview"`
	// Matched is how many were selected; a preview counts all, a replay those of
	// this request.
	Matched  int `json:"matched"`
	Replayed int `json:"replayed"`
	// Skipped are those whose webhook is deleted or not active.
	Skipped    int     `json:"skipped"`
	NextCursor *string `json:"nextCursor"`
}

func viewReplayCount(done callback.Replayed, preview bool, next string) replayCountView {
	return replayCountView{
		Preview: preview, Matched: done.Matched, Replayed: done.Replayed, Skipped: done.Skipped, NextCursor: text(next),
	}
}
