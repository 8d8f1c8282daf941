package bus

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"
)

// The fields of an entry, as Watermill's Redis Streams marshaller names them.
const (
	fieldUUID     = "_watermill_message_uuid"
	fieldMetadata = "metadata"
	fieldPayload  = "payload"
)

// encode gives the fields of the entry that carries m.
func encode(m *message.Message) []any {
	return []any{
		fieldUUID, m.UUID,
		fieldMetadata, appendMetadata(make([]byte, 0, 256), m.Metadata),
		fieldPayload, []byte(m.Payload),
	}
}

// decode makes the message of an entry. It always gives one: a message that
// did not decode carries the reason in its metadata.
func decode(fields map[string]any) *message.Message {
	uuid, ok := fields[fieldUUID].(string)
	if !ok {
		return malformed("field " + fieldUUID + " is missing")
	}
	payload, _ := fields[fieldPayload].(string)
	raw, _ := fields[fieldMetadata].(string)
	metadata, err := parseMetadata(raw)
	if err != nil {
		return malformed("field " + fieldMetadata + ": " + err.Error())
	}
	if _, bad := metadata[metaMalformed]; bad {
		return malformed("metadata " + metaMalformed + " is reserved")
	}
	m := message.NewMessage(uuid, message.Payload(payload))
	m.Metadata = metadata
	return m
}

func malformed(reason string) *message.Message {
	m := message.NewMessage("", nil)
	m.Metadata[metaMalformed] = reason
	return m
}

// The metadata travels as a MessagePack map of strings. The few forms that it
// takes are written and read here: it costs a tenth of a library that can do
// all of them, and reads nothing that it does not need.

// appendMetadata appends m as a MessagePack map, with sorted keys so that equal
// messages are equal bytes. An empty map is no bytes.
func appendMetadata(dst []byte, m message.Metadata) []byte {
	if len(m) == 0 {
		return dst
	}
	dst = appendHeader(dst, len(m), 0x80, 16, 0, 0xde)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		dst = append(appendHeader(dst, len(k), 0xa0, 32, 0xd9, 0xda), k...)
		dst = append(appendHeader(dst, len(m[k]), 0xa0, 32, 0xd9, 0xda), m[k]...)
	}
	return dst
}

// appendHeader appends a length in its shortest form: in the tag itself when
// under fix, in one byte after tag8 (0: there is no such form), in two after
// tag16, in four after the tag that follows tag16.
func appendHeader(dst []byte, n int, fixed byte, fix int, tag8, tag16 byte) []byte {
	switch {
	case n < fix:
		return append(dst, fixed|byte(n))
	case tag8 != 0 && n < 1<<8:
		return append(dst, tag8, byte(n))
	case n < 1<<16:
		return append(dst, tag16, byte(n>>8), byte(n))
	}
	return append(dst, tag16+1, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// maxMetadata bounds the members of one message's metadata.
const maxMetadata = 256

var errShort = errors.New("it ends too early")

// parseMetadata reads what appendMetadata and stock Watermill write.
func parseMetadata(raw string) (message.Metadata, error) {
	if raw == "" {
		return message.Metadata{}, nil
	}
	n, rest, err := cutMapHeader(raw)
	if err != nil {
		return nil, err
	}
	if n > maxMetadata {
		return nil, fmt.Errorf("it has %d members, more than %d", n, maxMetadata)
	}
	m := make(message.Metadata, n)
	for range n {
		var k, v string
		if k, rest, err = cutString(rest); err != nil {
			return nil, err
		}
		if v, rest, err = cutString(rest); err != nil {
			return nil, err
		}
		m[k] = v
	}
	if rest != "" {
		return nil, fmt.Errorf("%d bytes follow its end", len(rest))
	}
	return m, nil
}

func cutMapHeader(s string) (int, string, error) {
	switch tag := s[0]; {
	case tag&0xf0 == 0x80:
		return int(tag & 0x0f), s[1:], nil
	case tag == 0xde:
		return cutLength(s[1:], 2)
	case tag == 0xdf:
		return cutLength(s[1:], 4)
	}
	return 0, "", errors.New("it is no map")
}

// cutString reads a string, or bytes, which stock Watermill reads as one too.
func cutString(s string) (string, string, error) {
	if s == "" {
		return "", "", errShort
	}
	var n int
	var err error
	switch tag := s[0]; {
	case tag&0xe0 == 0xa0:
		n, s = int(tag&0x1f), s[1:]
	case tag == 0xd9 || tag == 0xc4:
		n, s, err = cutLength(s[1:], 1)
	case tag == 0xda || tag == 0xc5:
		n, s, err = cutLength(s[1:], 2)
	case tag == 0xdb || tag == 0xc6:
		n, s, err = cutLength(s[1:], 4)
	default:
		return "", "", errors.New("a member is no string")
	}
	if err != nil {
		return "", "", err
	}
	if n > len(s) {
		return "", "", errShort
	}
	return s[:n], s[n:], nil
}

// cutLength reads a big-endian number of the given bytes.
func cutLength(s string, bytes int) (int, string, error) {
	if len(s) < bytes {
		return 0, "", errShort
	}
	n := 0
	for _, b := range []byte(s[:bytes]) {
		n = n<<8 | int(b)
	}
	return n, s[bytes:], nil
}
