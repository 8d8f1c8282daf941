package pluginhost

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Bounds of what a webhook may mean.
const (
	maxDedupeKey     = 200
	maxWebhookEvents = 100
	maxEventType     = 100
	maxReference     = 200
	maxEventData     = 256 << 10 // of all events together
	maxReplyHeaders  = 32
	maxReplyHeader   = 8 << 10 // of all headers together
	maxReplyBody     = 64 << 10
	// lastMicros is the end of the year 9999, the last that a time's text can hold.
	lastMicros = 253402300799999999
)

// readWebhook turns an answer into an outcome, believing none of it unchecked.
func (in *instance) readWebhook(res *connectorpb.HandleWebhookResponse) domain.WebhookOutcome {
	if e := res.GetError(); e != nil {
		class, known := classOf(e.GetClass())
		c := in.connectorError(e)
		if c.Class = class; !known {
			c = internal("class_unknown", "the connector answered an error of no class: "+c.Message)
		}
		return unverified(c)
	}
	events, fault := in.webhookEvents(res)
	if fault == "" {
		fault = dedupeFault(res.GetDedupeKey(), len(events))
	}
	reply, replyFault := in.webhookReply(res.GetReply())
	if fault == "" {
		fault = replyFault
	}
	if fault != "" {
		in.log.Error("connector broke its contract: its answer to a webhook does not fit", "fault", in.redact.mask(fault))
		return unverified(internal("answer_invalid", "the connector's answer to a webhook does not fit the contract: "+in.text(fault, maxText)))
	}
	return domain.WebhookOutcome{Class: domain.ClassResult, DedupeKey: res.GetDedupeKey(), Events: events, Reply: reply}
}

func dedupeFault(key string, events int) string {
	switch {
	case key == "" && events > 0:
		return "events without a dedupe_key"
	case len(key) > maxDedupeKey || !printable(key):
		return fmt.Sprintf("a dedupe_key that is no printable text of at most %d bytes", maxDedupeKey)
	}
	return ""
}

// webhookEvents reads the events, or says what is wrong with them.
func (in *instance) webhookEvents(res *connectorpb.HandleWebhookResponse) (out []domain.WebhookEvent, fault string) {
	if n := len(res.GetEvents()); n > maxWebhookEvents {
		return nil, fmt.Sprintf("%d events, of at most %d", n, maxWebhookEvents)
	}
	size := 0
	for i, e := range res.GetEvents() {
		data := e.GetData()
		if len(data) == 0 {
			data = []byte("{}")
		}
		size += len(data)
		switch {
		case e.GetType() == "" || len(e.GetType()) > maxEventType || !printable(e.GetType()) || strings.Contains(e.GetType(), " "):
			fault = fmt.Sprintf("a type that is no word of at most %d bytes", maxEventType)
		case len(e.GetReference()) > maxReference || !printable(e.GetReference()):
			fault = fmt.Sprintf("a reference that is no printable text of at most %d bytes", maxReference)
		case in.redact.mask(e.GetType()) != e.GetType() || in.redact.mask(e.GetReference()) != e.GetReference():
			fault = "a secret in its type or reference"
		case size > maxEventData:
			fault = fmt.Sprintf("data of more than %d bytes in all", maxEventData)
		case !json.Valid(data):
			fault = "data that is not JSON"
		case e.GetOccurredUnixMicros() < 0 || e.GetOccurredUnixMicros() > lastMicros:
			fault = "a time that is none"
		}
		if fault != "" {
			return nil, fmt.Sprintf("event %d has %s", i+1, fault)
		}
		out = append(out, domain.WebhookEvent{
			Type: e.GetType(), Reference: e.GetReference(), Data: data, OccurredAt: domain.FromMicros(e.GetOccurredUnixMicros()),
		})
	}
	return out, ""
}

// printable reports whether SQL and people can be shown a text.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// webhookReply reads the HTTP answer, or says what is wrong with it. Informational
// statuses are no end of a request.
func (in *instance) webhookReply(r *connectorpb.HttpReply) (out domain.WebhookReply, fault string) {
	out = domain.WebhookReply{Status: int(r.GetStatus()), Body: r.GetBody()}
	if out.Status == 0 {
		out.Status = http.StatusOK
	}
	switch {
	case out.Status < 200 || out.Status > 599:
		return out, fmt.Sprintf("a reply with the status %d, which is not between 200 and 599", out.Status)
	case len(out.Body) > maxReplyBody:
		return out, fmt.Sprintf("a reply of more than %d bytes", maxReplyBody)
	case in.redact.mask(string(out.Body)) != string(out.Body):
		return out, "a secret in its reply"
	case len(r.GetHeaders()) > maxReplyHeaders:
		return out, fmt.Sprintf("a reply with more than %d headers", maxReplyHeaders)
	}
	size := 0
	for _, h := range r.GetHeaders() {
		for _, v := range h.GetValues() {
			size += len(h.GetName()) + len(v)
			if in.redact.mask(v) != v {
				return out, "a secret in a header of its reply"
			}
			if !isToken(h.GetName()) || strings.ContainsFunc(v, unfitForHeader) {
				return out, "a reply with a header that HTTP does not allow"
			}
			if size > maxReplyHeader {
				return out, fmt.Sprintf("a reply with headers of more than %d bytes", maxReplyHeader)
			}
			if out.Header == nil {
				out.Header = http.Header{}
			}
			out.Header.Add(h.GetName(), v)
		}
	}
	dropHeaders(out.Header)
	return out, ""
}

// isToken reports whether a text is a token of RFC 9110.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func unfitForHeader(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// dropHeaders removes what is between this engine and whoever it speaks to, and
// what would bind a browser to the engine's own address.
func dropHeaders(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Content-Length", "Date", "Server", "Alt-Svc", "Clear-Site-Data", "Content-Security-Policy", "Set-Cookie", "Strict-Transport-Security",
	} {
		h.Del(name)
	}
}
