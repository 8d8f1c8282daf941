package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Keys carry their own proof: an application's id has a part at random and a
// part that the simulator's secret makes of it, and all its keys are made of the
// id. So nothing of them is kept, and a restarted simulator knows them again.

const half = 16

func (s *Simulator) mark(text string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// newClient makes the id of an application.
func (s *Simulator) newClient() string {
	var b [half / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	head := hex.EncodeToString(b[:])
	return head + s.mark("client " + head)[:half]
}

// made reports whether an id is of this simulator.
func (s *Simulator) made(id string) bool {
	return len(id) == 2*half && hmac.Equal([]byte(id[half:]), []byte(s.mark("client " + id[:half])[:half]))
}

func (s *Simulator) clientSecret(id string) string { return s.mark("secret " + id)[:2*half] }

// callbackKey is what the hash of callbacks is made with.
func (s *Simulator) callbackKey(id string) string { return s.mark("callback " + id)[:2*half] }

// pin is the merchant's, which payouts need.
func (s *Simulator) pin(id string) string {
	raw, _ := hex.DecodeString(s.mark("pin " + id)[:half]) // of our own making
	return fmt.Sprintf("%04d", binary.BigEndian.Uint64(raw)%10_000)
}

func (s *Simulator) logsIn(id, secret string) bool {
	return s.made(id) && hmac.Equal([]byte(secret), []byte(s.clientSecret(id)))
}
