package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
)

// Request is what was sent, as it came.
type Request struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  string      `json:"query,omitempty"` // raw, without the question mark
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"body,omitempty"`
}

const (
	// receiveLimit bounds what is done while the vendor waits. It goes on when the
	// vendor has hung up: what is half done would have to be done again.
	receiveLimit = 25 * time.Second
	// claimFor is how long a node has for one verification; longer than a
	// connector has.
	claimFor = 45 * time.Second
)

// Receive stores a request, has it verified and answers what the vendor shall
// get. ErrRefused and ErrNotVerified mean that nothing of it was believed.
func (v *Visit) Receive(ctx context.Context, r Request) (domain.WebhookReply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiveLimit)
	defer cancel()
	if !r.sound() {
		return domain.WebhookReply{}, ErrRefused // no connector can be shown it as it came
	}
	row, known, err := v.record(ctx, r)
	if err != nil {
		return domain.WebhookReply{}, err
	}
	if known != nil {
		return *known, nil
	}
	d, err := v.service.verify(ctx, v.connection, row, false)
	if err != nil {
		return domain.WebhookReply{}, err
	}
	v.proved = d.told
	return d.answer()
}

// record stores the request, claimed for this call. One that came before, byte
// for byte, is answered from what became of it, or is taken up where it stands.
func (v *Visit) record(ctx context.Context, r Request) (*request, *domain.WebhookReply, error) {
	s, digest := v.service, r.digest(v.kind)
	before, err := s.before(ctx, v.connection.Ref.ID, digest)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case before == nil:
		row, err := s.insert(ctx, v.connection, v.kind, digest, r)
		return row, nil, err
	case before.state == StateUnverified:
		rows, err := s.claim(ctx, before.id)
		if err == nil && len(rows) == 0 {
			err = ErrNotVerified // somebody is at it
		}
		if err != nil {
			return nil, nil, err
		}
		return rows[0], nil, nil
	}
	reply, err := s.openReply(before.id, before.reply)
	if err != nil {
		return nil, nil, err
	}
	return nil, &reply, s.countRepeat(ctx, before.id)
}

// sound reports whether the request's texts are UTF-8, as the connectors'
// contract wants them.
func (r Request) sound() bool {
	if !utf8.ValidString(r.Method) || !utf8.ValidString(r.Path) || !utf8.ValidString(r.Query) {
		return false
	}
	for name, values := range r.Header {
		if !utf8.ValidString(name) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return false
		}
	}
	return true
}

// size is what a request counts of the bytes that may wait.
func (r Request) size() int64 {
	n := len(r.Method) + len(r.Path) + len(r.Query) + len(r.Body)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return int64(n)
}

// digest is that of all that the connector is shown: no other request has it.
func (r Request) digest(kind string) string {
	h := sha256.New()
	add := func(parts ...string) {
		for _, p := range parts {
			_ = binary.Write(h, binary.BigEndian, int64(len(p))) // a hash takes everything
			h.Write([]byte(p))
		}
	}
	add(kind, r.Method, r.Path, r.Query, string(r.Body))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		add(name)
		_ = binary.Write(h, binary.BigEndian, int64(len(r.Header[name]))) // as above
		add(r.Header[name]...)
	}
	return hex.EncodeToString(h.Sum(nil))
}
