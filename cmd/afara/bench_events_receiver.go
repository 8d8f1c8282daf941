package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// eventReceiver takes the events of some endpoints, each at a path and with a
// secret of its own.
type eventReceiver struct {
	*benchBook
	url     string
	server  *http.Server
	secrets []string // by endpoint
}

func newEventReceiver(endpoints int) (r *eventReceiver, err error) {
	r = &eventReceiver{benchBook: newBenchBook(), secrets: make([]string, endpoints)}
	r.server, r.url, err = serveLoopback(r.take)
	return r, err
}

func (r *eventReceiver) close() {
	if r.server != nil {
		_ = r.server.Close()
	}
}

const eventPath = "/events/"

func (r *eventReceiver) endpoint(i int) string { return r.url + eventPath + strconv.Itoa(i) }

func (r *eventReceiver) take(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	endpoint, bad := strconv.Atoi(strings.TrimPrefix(req.URL.Path, eventPath))
	if err != nil || bad != nil || endpoint < 0 || endpoint >= len(r.secrets) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
	name := deliveryName(between(body, `"receiptNumber":"`), endpoint)
	r.arrive(name, deliveryName(between(body, `"eventId":"`), endpoint), now, func() error {
		return webhook.Verify([]string{r.secrets[endpoint]}, req.Header, body, now, webhook.DefaultTolerance)
	})
}
