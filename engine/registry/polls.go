package registry

import (
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// How often a connection's streams may be read.
const (
	defaultPoll = time.Minute
	minPoll     = 5 * time.Second
	maxPoll     = 24 * time.Hour
)

// layPolls takes 0 for "when a person asks for it".
func layPolls(pl *plan, p Patch, isNew bool) []domain.FieldError {
	if isNew {
		pl.is.PollEvery = defaultPoll
	}
	if p.PollEverySeconds == nil {
		return nil
	}
	n := *p.PollEverySeconds
	if n != 0 && (n < seconds(minPoll) || n > seconds(maxPoll)) {
		return []domain.FieldError{{
			Pointer: "/pollEverySeconds", Code: "range", Detail: fmt.Sprintf("is neither 0 nor from %d to %d", seconds(minPoll), seconds(maxPoll)),
			Fix: "write how many seconds shall lie between two reads of a stream, or 0 to read only when a person asks for it",
		}}
	}
	pl.is.PollEvery = time.Duration(n) * time.Second
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
