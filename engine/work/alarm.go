package work

import "slices"

// alarms are the times at which rows come due, as far as this node has heard.
// They are hints: a time that is forgotten is read from the database shortly
// before it comes.
type alarms struct{ at []int64 } // sorted

const (
	maxAlarms = 4096
	// alarmGrain merges alarms that lie close together: one pick serves all.
	alarmGrain = 20_000 // microseconds
)

// add notes a time and reports whether it is now the soonest.
func (a *alarms) add(at int64) (soonest bool) {
	at = (at + alarmGrain - 1) / alarmGrain * alarmGrain
	i, found := slices.BinarySearch(a.at, at)
	if found || i >= maxAlarms {
		return false
	}
	if len(a.at) == maxAlarms {
		a.at = a.at[:maxAlarms-1]
	}
	a.at = slices.Insert(a.at, i, at)
	return i == 0
}

// take removes all that are due and reports whether there was one.
func (a *alarms) take(now int64) bool {
	i, _ := slices.BinarySearch(a.at, now+1)
	a.at = slices.Delete(a.at, 0, i)
	return i > 0
}

// next is the soonest.
func (a *alarms) next() (int64, bool) {
	if len(a.at) == 0 {
		return 0, false
	}
	return a.at[0], true
}
