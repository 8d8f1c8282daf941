//go:build linux

package chaostest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// sick are the manners of receivers that do not work. Of an endless answer the
// status alone counts, so what came there has arrived.
var sick = []string{"slow", "hold", "reset", "half", "endless", "redirect", "bad certificate", "down"}

// unrulyWorld has a receiver of each sick manner, and one that works.
type unrulyWorld struct {
	*eventWorld
	ill map[string]*endpoint
}

func newUnrulyWorld(t *testing.T, b backend) *unrulyWorld {
	t.Helper()
	u := &unrulyWorld{eventWorld: emptyEventWorld(t, b, ""), ill: map[string]*endpoint{}}
	u.name += " with unruly receivers"
	// Of the twenty waits an hour spends few: a host that fails is left alone.
	u.retry = `{"schedule":[240,240,240,240,240,240,240,240,240,240,240,240,240,240,240,240,240,240,240,240]}`
	u.endpoint("works", "*", false)
	for i, kind := range sick {
		u.ill[kind] = u.endpoint(fmt.Sprint("ill", i), "*", false)
	}
	u.env = append(u.env, "SSL_CERT_FILE="+u.ill["bad certificate"].overTLS())
	u.registerAll()
	u.refusing = u.ill["redirect"].id
	return u
}

// overTLS starts the receiver anew and answers the file of its certificate.
func (e *endpoint) overTLS() string {
	e.w.t.Helper()
	e.process.kill()
	e.tls, e.url = true, ""
	e.run()
	return filepath.Join(e.w.dir, "receiver-"+e.name) + ".pem"
}

// TestReceiversThatAreUnrulyForAnHourMissNothing: receivers answer slowly, never,
// in half, without end, break the connection, redirect to this machine, cannot
// be trusted or are gone. Meanwhile the one that works hears of each event, and
// the engine is killed. Once they work, what they missed comes by itself; only
// what a redirect refused stays refused, and nobody ever followed one.
func TestReceiversThatAreUnrulyForAnHourMissNothing(t *testing.T) {
	t.Parallel()
	long := 5 * time.Minute
	if full() {
		long = time.Hour // six real minutes: at a higher pace a heartbeat could not be late
	}
	for _, b := range []backend{embedded, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			u := newUnrulyWorld(t, b)
			n := u.start("")
			for kind, e := range u.ill {
				e.behave(kind, 0)
			}
			over := u.pace.Now().Add(long)
			u.publish(4, 5)
			u.heardByTheOneThatWorks()
			u.wantIll()
			n.kill()
			u.died()
			n = u.start("")
			for u.pace.Now().Before(over) {
				u.publish(1, 2)
				u.heardByTheOneThatWorks()
				within(3*time.Second, func() bool { return !u.pace.Now().Before(over) })
			}
			u.wantIll()
			for _, e := range u.ill {
				e.behave("", 0)
			}
			u.finishWithin(3*time.Minute, n)
			u.wantRefused()
		})
	}
}

func (u *unrulyWorld) heardByTheOneThatWorks() {
	u.t.Helper()
	u.posting.Wait()
	u.eventually(time.Minute, "the receiver that works has heard of all", func() bool {
		_ = u.all().count() // reads what came
		return len(u.all().events) == len(u.published)
	})
}

// wantIll: each has been tried, and nothing has arrived where it cannot.
func (u *unrulyWorld) wantIll() {
	u.t.Helper()
	for kind, reason := range map[string]string{
		"hold": "timeout", "reset": "reset", "half": "reset", "redirect": "redirect", "bad certificate": "tls", "down": "connect",
	} {
		id := u.ill[kind].id
		u.eventually(time.Minute, "an attempt at one that is ill: "+kind, func() bool {
			return u.number(fmt.Sprintf(`SELECT COUNT(*) FROM delivery_attempt JOIN delivery ON delivery.id = delivery_id WHERE endpoint_id = '%s' AND reason = '%s'`, id, reason)) > 0
		})
		u.none("deliveries to one that is ill: "+kind, fmt.Sprintf(`SELECT id, attempts FROM delivery WHERE endpoint_id = '%s' AND status = 'delivered'`, id))
	}
}

// wantRefused: what the redirect refused is stored so, and nothing else.
func (u *unrulyWorld) wantRefused() {
	u.t.Helper()
	u.none("deliveries that ended otherwise than refused by a redirect or delivered",
		fmt.Sprintf(`SELECT id, status, last_reason FROM delivery WHERE endpoint_id = '%s' AND status <> 'delivered' AND (status <> 'refused' OR last_reason <> 'redirect')`, u.refusing))
	if _, followed := u.ill["redirect"].state(); followed != 0 {
		u.t.Errorf("%d redirects were followed", followed)
	}
}
