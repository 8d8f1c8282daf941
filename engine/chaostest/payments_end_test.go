//go:build linux

package chaostest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/pipeline"
	mtn "github.com/afara-dev/afara/plugins/mtn/simulator"
	"github.com/afara-dev/afara/schemas"
)

// finish waits until every payment has ended and was told so, has a person see to
// what is held, and audits the end.
func (c *fire) finish() {
	c.t.Helper()
	c.allEnded()
	held := c.heldInDLQ()
	if len(held) > 0 {
		c.resolve(held)
		c.replay()
		c.allEnded()
	}
	c.node.drain(c.t)
	c.audit()
	n := c.net.Counters()
	c.t.Logf("%s: accepted %d, kills %d (at fail points %d), held meanwhile %d, ended by a person %d; orders %v, outcomes %v, requests %v, pushes %v; sent again after look-ups %d, callbacks %d",
		c.name, len(c.acceptedIDs()), c.kills, c.atPoints, len(held), c.resolved, n.Transactions, n.Outcomes, n.Requests, n.Callbacks,
		c.number(`SELECT COUNT(*) FROM attempt WHERE outcome = 'not_done'`), c.receiver.count())
}

// allEnded waits until nothing is left to do but for a person.
func (c *fire) allEnded() {
	c.t.Helper()
	c.eventually(c.dose.limit, "every payment has ended and was told", func() bool {
		return c.number(`SELECT COUNT(*) FROM work WHERE held = 0`) == 0 &&
			c.number(`SELECT COUNT(*) FROM payment WHERE status = 'PENDING' AND held_reason = ''`) == 0
	})
}

// heldMessage is one row of the dead-letter queue.
type heldMessage struct {
	MessageID, ResourceID string
}

// heldInDLQ lists what waits for a person, which is all that has not ended.
func (c *fire) heldInDLQ() []heldMessage {
	c.t.Helper()
	var all []heldMessage
	for cursor := ""; ; {
		var page struct {
			Data       []heldMessage
			NextCursor string
		}
		if _, err := c.call(c.key, http.MethodGet, "/si/dlq?limit=200"+cursor, "", nil, &page); err != nil {
			c.t.Fatalf("list what is held: %v", err)
		}
		all = append(all, page.Data...)
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	if n := c.number(`SELECT COUNT(*) FROM payment WHERE status = 'PENDING' AND held_reason <> ''`); n != len(all) {
		c.t.Errorf("%d payments are held, the list has %d", n, len(all))
	}
	return all
}

// resolve ends every second of what is held, where the operator's books say that
// the money has moved, as a person does who asked the operator.
func (c *fire) resolve(held []heldMessage) {
	c.t.Helper()
	all := c.payments()
	for i, h := range held {
		order, taken := c.net.Find(mtn.Operator, all[h.ResourceID].order)
		if i%2 == 1 || !taken || order.Outcome != schemas.PaymentSuccess {
			continue
		}
		body := map[string]string{"outcome": "COMPLETED", "evidence": "The operator has it as " + order.ID + "."}
		answered := false // by a push that came after it was held: the replay takes that
		c.eventually(time.Minute, "a request in doubt has settled", func() bool {
			var out map[string]any
			status, err := c.call(c.key, http.MethodPost, "/si/messages/"+h.MessageID+"/resolve", "", body, &out)
			if status != http.StatusOK && status != http.StatusConflict {
				c.t.Errorf("resolve %s: %d %v", h.MessageID, status, err)
			}
			answered = err != nil && strings.Contains(err.Error(), fmt.Sprintf(`"code":%q`, pipeline.ErrAnswered.Code))
			return status != http.StatusConflict || answered
		})
		if answered {
			continue
		}
		c.resolved++
	}
}

// proved fails when nothing happened that this is about.
func (c *fire) proved() {
	c.t.Helper()
	for _, kind := range []string{"collection", "refund", "disbursement"} {
		if c.number(`SELECT COUNT(*) FROM payment WHERE status = 'SUCCESS' AND scenario = '' AND type = '`+kind+`'`) < 1 {
			c.t.Errorf("no %s succeeded: nothing is proved", kind)
		}
	}
	if c.number(`SELECT COUNT(*) FROM attempt WHERE stage = 'submit' AND outcome = 'result' AND accepted_at = 0`) < 1 {
		c.t.Error("no answer of the operator was missed: nothing is proved")
	}
}
