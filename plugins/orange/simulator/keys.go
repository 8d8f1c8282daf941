package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

// Keys are made of the client id and the simulator's secret. So nothing of them
// is kept, and a restarted simulator knows them again.

func (s *Simulator) key(kind, client string) string {
	m := hmac.New(sha256.New, s.secret)
	m.Write([]byte(kind + " " + client))
	return hex.EncodeToString(m.Sum(nil))[:32]
}

const (
	kindSecret   = "secret"
	kindMerchant = "merchant"
	kindAuth     = "auth"
	kindPIN      = "pin"
)

// pin is of the channel user: four digits.
func (s *Simulator) pin(client string) string {
	digits := []byte(s.key(kindPIN, client))[:4]
	for i, c := range digits {
		digits[i] = '0' + c%10
	}
	return string(digits)
}

// channelNumber is the channel user's. Choice: one for all merchants.
const channelNumber = "0700000000"

// newClient makes a client id that proves that this simulator made it.
func (s *Simulator) newClient() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	head := hex.EncodeToString(b[:])
	return head + s.key("client", head)[:16]
}

var clientID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// logsIn reports whether a client id and secret are of this simulator.
func (s *Simulator) logsIn(client, secret string) bool {
	return clientID.MatchString(client) &&
		hmac.Equal([]byte(client[16:]), []byte(s.key("client", client[:16])[:16])) &&
		hmac.Equal([]byte(secret), []byte(s.key(kindSecret, client)))
}
