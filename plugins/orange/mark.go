package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// What the notification address carries, so that a notification finds its
// payment: Orange's body does not name it. The mark is the connector's own proof
// that it gave the address out.
const (
	queryReference = "reference"
	queryPayToken  = "payToken"
	queryMark      = "mark"
)

// notifyURL is where Orange pushes the outcome; empty without an address, when
// look-ups alone tell how a payment ended. The pay token is known beforehand with
// core only.
func (s *session) notifyURL(address, reference, payToken string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	q := u.Query()
	q.Set(queryReference, reference)
	if payToken != "" {
		q.Set(queryPayToken, payToken)
	}
	q.Set(queryMark, s.mark(reference, payToken))
	u.RawQuery = q.Encode()
	return u.String()
}

// markLength is 128 bits: more than anybody can try.
const markLength = 32

func (s *session) mark(reference, payToken string) string {
	m := hmac.New(sha256.New, []byte(s.settings.ClientSecret))
	m.Write([]byte("afara orange notification\n" + reference + "\n" + payToken))
	return hex.EncodeToString(m.Sum(nil))[:markLength]
}

// marked reports whether the connector gave an address out.
func (s *session) marked(reference, payToken, mark string) bool {
	return hmac.Equal([]byte(mark), []byte(s.mark(reference, payToken)))
}
