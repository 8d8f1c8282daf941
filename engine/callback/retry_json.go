package callback

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Bounds of a policy that is a list of waits.
const (
	maxWaits = 20
	minWait  = time.Second
	maxWait  = 7 * 24 * time.Hour
)

var errRetryForm = errors.New(`is neither a policy's name nor {"schedule": [60, 300]} with seconds`)

// ParseRetry reads a policy as the API has it: its name, or an object with a
// schedule of whole seconds. null is the default policy. An error is a phrase
// about the value, such as "names no policy".
func ParseRetry(raw json.RawMessage) (Retry, error) {
	raw = bytes.TrimSpace(raw)
	var name string
	switch {
	case string(raw) == "null":
		return defaultRetry(), nil
	case json.Unmarshal(raw, &name) == nil:
		if r, ok := namedRetry(name); ok {
			return r, nil
		}
		return Retry{}, fmt.Errorf("%.40q is no policy; the policies are default, finora, sandpay, standard and none", name)
	}
	waits, err := parseSchedule(raw)
	if err != nil {
		return Retry{}, err
	}
	r := defaultRetry()
	r.Name, r.Waits = RetryCustom, waits
	return r, nil
}

func parseSchedule(raw []byte) ([]time.Duration, error) {
	var form struct {
		Schedule []json.RawMessage `json:"schedule"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&form); err != nil || form.Schedule == nil || !json.Valid(raw) {
		return nil, errRetryForm
	}
	if n := len(form.Schedule); n == 0 || n > maxWaits {
		return nil, fmt.Errorf(`has a schedule of %d waits, not of 1 to %d; "none" never tries again`, n, maxWaits)
	}
	waits := make([]time.Duration, len(form.Schedule))
	for i, entry := range form.Schedule {
		seconds, err := strconv.ParseInt(string(entry), 10, 64)
		if err != nil || seconds < int64(minWait/time.Second) || seconds > int64(maxWait/time.Second) {
			return nil, fmt.Errorf("has %.20q at schedule[%d], not whole seconds from %d to %d", entry, i, minWait/time.Second, maxWait/time.Second)
		}
		waits[i] = time.Duration(seconds) * time.Second
	}
	return waits, nil
}

// MarshalJSON writes the form that ParseRetry reads.
func (r Retry) MarshalJSON() ([]byte, error) {
	if r.Name != RetryCustom {
		return json.Marshal(r.Name)
	}
	seconds := make([]int64, len(r.Waits))
	for i, w := range r.Waits {
		seconds[i] = int64(w / time.Second)
	}
	return json.Marshal(map[string][]int64{"schedule": seconds})
}
