package httpapi_test

import (
	"encoding/json"
	"errors"
	"time"
)

const hour = time.Hour

func decodeInto(raw []byte, v any) error { return json.Unmarshal(raw, v) }

var errAway = errors.New("dial tcp 10.1.2.3:6379: connection refused")
