package callback_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
)

func readFull(c net.Conn, b []byte) (int, error) { return io.ReadFull(c, b) }

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
