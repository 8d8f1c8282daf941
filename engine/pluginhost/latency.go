package pluginhost

import (
	"slices"
	"sync/atomic"
	"time"
)

// latencies keeps an operation's latest durations: cheap to write on every
// call, sorted only when an operator looks.
type latencies struct {
	n    atomic.Int64
	ring [256]atomic.Int64 // nanoseconds
}

func (l *latencies) add(d time.Duration) {
	i := l.n.Add(1) - 1
	l.ring[i%int64(len(l.ring))].Store(int64(d))
}

func (l *latencies) status(name string) OperationStatus {
	calls := l.n.Load()
	seen := make([]int64, min(calls, int64(len(l.ring))))
	for i := range seen {
		seen[i] = l.ring[i].Load()
	}
	slices.Sort(seen)
	return OperationStatus{
		Name: name, Calls: calls,
		P50: quantile(seen, 50), P95: quantile(seen, 95), P99: quantile(seen, 99),
	}
}

func quantile(sorted []int64, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return time.Duration(sorted[(len(sorted)-1)*percent/100])
}
