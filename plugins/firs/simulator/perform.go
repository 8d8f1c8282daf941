package simulator

import (
	"net/http"
	"strconv"
	"time"
)

// perform acts as the call and its fault say. A nil answer closes the
// connection.
func (s *Simulator) perform(rq *request, f *Fault) *answer {
	if !s.wait(time.Duration(rq.settings.LatencyMillis) * time.Millisecond) {
		return nil
	}
	if f == nil {
		return rq.op.do(rq)
	}
	switch f.Kind {
	case FaultBusy:
		return ambiguous()
	case FaultBusyRegistered:
		return lost(rq.op.do(rq))
	case FaultTimeoutRegistered:
		rq.op.do(rq)
		s.hang(rq)
		return nil
	case FaultDropRegistered:
		rq.op.do(rq)
		return nil
	case FaultDrop:
		return nil
	case FaultHang:
		s.hang(rq)
		return nil
	case FaultSlow:
		if !s.wait(time.Duration(f.DelayMillis) * time.Millisecond) {
			return nil
		}
		return rq.op.do(rq)
	case FaultStatus:
		return f.status()
	}
	rq.fault = f.Kind // the webhook kinds
	return rq.op.do(rq)
}

// lost hides a success behind the ambiguous body; a refusal stays one.
func lost(a *answer) *answer {
	if a.status >= http.StatusBadRequest {
		return a
	}
	return ambiguous()
}

func (f *Fault) status() *answer {
	a := broken(f.Status)
	if f.RetryAfterSeconds > 0 {
		a.header = http.Header{"Retry-After": {strconv.Itoa(f.RetryAfterSeconds)}}
	}
	return a
}
