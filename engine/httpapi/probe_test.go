package httpapi_test

import (
	"errors"
	"time"
)

const hour = time.Hour

var errAway = errors.New("dial tcp 10.1.2.3:6379: connection refused")
