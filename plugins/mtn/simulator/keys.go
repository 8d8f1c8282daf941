package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

// Keys carry their own proof: a part at random and a part that the simulator's
// secret makes of it. So nothing of them is kept, and a restarted simulator
// knows them again.

const half = 16

func (s *Simulator) mark(text string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// subscription makes a key of a product.
func (s *Simulator) subscription(product string) string {
	var b [half / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	head := hex.EncodeToString(b[:])
	return head + s.mark("subscription " + product + " " + head)[:half]
}

// subscribes reports whether a key opens a product; an empty one, any.
func (s *Simulator) subscribes(product, key string) bool {
	if len(key) != 2*half {
		return false
	}
	if product == "" {
		return s.subscribes(collection, key) || s.subscribes(disbursement, key)
	}
	return hmac.Equal([]byte(key[half:]), []byte(s.mark("subscription " + product + " " + key[:half])[:half]))
}

// apiKey is the key of an API user. Choice: asking again gives the same one.
func (s *Simulator) apiKey(user string) string { return s.mark("user " + user)[:2*half] }

func (s *Simulator) logsIn(user, key string) bool {
	return uuid4.MatchString(user) && hmac.Equal([]byte(key), []byte(s.apiKey(user)))
}

var uuid4 = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

// newUUID makes a UUID v4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
