package callback

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// What the audit calls the deeds of persons. Its details name members and ids,
// never what a member holds: URLs and headers carry credentials.
const (
	deedCreate     = "webhook.create"
	deedChange     = "webhook.change"
	deedDelete     = "webhook.delete"
	deedRotate     = "webhook.rotate_secret"
	deedSince      = "webhook.replay"
	deedReplay     = "delivery.replay"
	deedReplayMany = "delivery.replay_many"
)

// changedMembers lists what differs between two states of an endpoint, as the
// API calls it.
func changedMembers(was, is *Endpoint) string {
	var names []string
	for _, m := range []struct {
		name string
		same bool
	}{
		{"url", was.URL == is.URL},
		{"events", slices.Equal(was.Events, is.Events)},
		{"description", was.Description == is.Description},
		{"isActive", was.Active == is.Active},
		{"payloadFormat", was.Format == is.Format},
		{"retryPolicy", was.Retry.Name == is.Retry.Name && slices.Equal(was.Retry.Waits, is.Retry.Waits)},
		{"rateLimit", was.RateLimit == is.RateLimit},
		{"maxInFlight", was.MaxInFlight == is.MaxInFlight},
		{"ordered", was.Ordered == is.Ordered},
		{"headers", maps.Equal(was.Headers, is.Headers)},
		{"signatures", was.PublicKey == is.PublicKey},
	} {
		if !m.same {
			names = append(names, m.name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// overlapDetail says how long an old secret signs beside its successor.
func overlapDetail(overlap time.Duration) string {
	return fmt.Sprintf("overlapSeconds %d", int64(overlap/time.Second))
}

// replayedMany is the entry of one transaction of a replay of many; several may
// make up one call. Its subject is the webhook that the filter names, or else
// the environment.
func (f DeliveryFilter) replayedMany(env domain.EnvironmentID, actor string, ids []domain.DeliveryID, now time.Time) domain.AuditEntry {
	subject := string(env)
	if f.Endpoint != "" {
		subject = string(f.Endpoint)
	}
	return domain.AuditEntry{
		Environment: env, Actor: actor, Action: deedReplayMany, Subject: subject, At: now,
		Detail: fmt.Sprintf("%s; selected by %s", span(ids), f.describe()),
	}
}

// describe names what a filter selects by.
func (f DeliveryFilter) describe() string {
	var by []string
	add := func(is bool, format string, args ...any) {
		if is {
			by = append(by, fmt.Sprintf(format, args...))
		}
	}
	add(len(f.Deliveries) > 0, "%d ids", len(f.Deliveries))
	add(f.Endpoint != "", "webhookId %s", f.Endpoint)
	add(f.Event != "", "eventId %s", f.Event)
	add(f.Pattern != "", "event %q", f.Pattern)
	add(f.Resource != "", "resourceId %q", f.Resource)
	add(f.Status != "", "status %s", f.Status)
	add(f.Failed, "having failed")
	add(f.CodeClass > 0, "codeClass %dxx", f.CodeClass)
	add(f.CodeClass == NoAnswer, "codeClass none")
	add(!f.Since.IsZero(), "since %s", f.Since.UTC().Format(time.RFC3339Nano))
	add(!f.Until.IsZero(), "until %s", f.Until.UTC().Format(time.RFC3339Nano))
	if len(by) == 0 {
		return "nothing: all that have ended"
	}
	return strings.Join(by, ", ")
}

// span counts ids, which are in order, and names the first and the last.
func span[T ~string](ids []T) string {
	if len(ids) == 1 {
		return string("1, " + ids[0])
	}
	return fmt.Sprintf("%d, %s to %s", len(ids), ids[0], ids[len(ids)-1])
}
