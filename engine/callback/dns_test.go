package callback_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
)

// nameServer answers every look-up with the same addresses.
func nameServer(t *testing.T, answers ...netip.Addr) *net.Resolver {
	t.Helper()
	return fickleNameServer(t, func() []netip.Addr { return answers })
}

// fickleNameServer asks for the addresses at every query. It is reached over a
// pipe instead of a network.
func fickleNameServer(t *testing.T, answers func() []netip.Addr) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serveName(server, answers)
		return client, nil
	}}
}

// serveName speaks DNS over a stream: a length, then the message.
func serveName(conn net.Conn, answers func() []netip.Addr) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := answerName(query, answers())
		out := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := conn.Write(append(out, answer...)); err != nil {
			return
		}
	}
}

// answerName answers one DNS query (RFC 1035) for A or AAAA with those of the
// addresses that fit its type.
func answerName(query []byte, addresses []netip.Addr) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5] // name, its zero, type, class
	kind := binary.BigEndian.Uint16(question[len(question)-4:])
	var records []byte
	var count uint16
	for _, a := range addresses {
		if a.Is4() != (kind == 1) || kind != 1 && kind != 28 {
			continue
		}
		count++
		records = append(records, 0xc0, 12)
		records = append(records, question[len(question)-4:]...)
		records = append(records, 0, 0, 0, 0) // not to be kept
		records = binary.BigEndian.AppendUint16(records, uint16(len(a.AsSlice())))
		records = append(records, a.AsSlice()...)
	}
	head := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1}, byte(count>>8), byte(count), 0, 0, 0, 0)
	return append(append(head, question...), records...)
}
