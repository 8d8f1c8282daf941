package bus

import (
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/afara-dev/afara/engine/domain"
)

// The metadata of an envelope's message.
const (
	metaID          = "id"
	metaKind        = "kind"
	metaStage       = "stage"
	metaEpoch       = "epoch"
	metaTraceparent = "traceparent"
	// metaMalformed says why an entry did not decode. It never travels.
	metaMalformed = "afara_malformed"
)

// MalformedError says why a message is not an envelope.
type MalformedError struct{ Reason string }

func (e *MalformedError) Error() string { return "malformed envelope: " + e.Reason }

// Message makes the message that carries env. Its UUID is the work's id, which
// is what a log line needs; it is the same for each publish of one row.
func Message(env domain.Envelope) *message.Message {
	m := message.NewMessage(string(env.ID), nil)
	m.Metadata[metaID] = string(env.ID)
	m.Metadata[metaKind] = string(env.Kind)
	m.Metadata[metaStage] = string(env.Stage)
	m.Metadata[metaEpoch] = strconv.FormatInt(env.Epoch, 10)
	if env.Traceparent != "" {
		m.Metadata[metaTraceparent] = env.Traceparent
	}
	return m
}

// Envelope reads the envelope of a message. A message that is none gives a
// *MalformedError; handlers under Listen never see one.
func Envelope(m *message.Message) (domain.Envelope, error) {
	if reason, bad := m.Metadata[metaMalformed]; bad {
		return domain.Envelope{}, &MalformedError{Reason: reason}
	}
	epoch, err := strconv.ParseInt(m.Metadata[metaEpoch], 10, 64)
	if err != nil || epoch < 0 {
		return domain.Envelope{}, &MalformedError{Reason: fmt.Sprintf("epoch %.40q is not a whole number from 0 on", m.Metadata[metaEpoch])}
	}
	env := domain.Envelope{
		ID: domain.WorkID(m.Metadata[metaID]), Kind: domain.WorkKind(m.Metadata[metaKind]),
		Stage: domain.Stage(m.Metadata[metaStage]), Epoch: epoch, Traceparent: m.Metadata[metaTraceparent],
	}
	if env.ID == "" {
		return domain.Envelope{}, &MalformedError{Reason: "id is missing"}
	}
	// A kind that this release does not know is none of the bus' business: its
	// row is left to a node that does.
	if env.Kind == "" {
		return domain.Envelope{}, &MalformedError{Reason: "kind is missing"}
	}
	return env, nil
}
