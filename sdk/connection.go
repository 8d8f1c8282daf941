package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
)

// Connection is one version of the configuration that a call is for. Each call
// has its own; it is not kept beyond the call.
type Connection struct {
	ID string
	// Version rises with every change of the settings or the credential.
	Version int64
	// Environment is "sandbox" or "production".
	Environment string

	held   *heldConnection
	update []byte
}

// heldConnection is what the process keeps of a connection's version between
// calls. Its bytes never change.
type heldConnection struct {
	settings   []byte
	credential []byte
	secrets    []string // what may appear in no log and no error
	// faults holds the settings against the manifest's schema, once.
	faults func() error

	mu    sync.Mutex
	memos map[reflect.Type]*memo
}

func (h *heldConnection) same(o *heldConnection) bool {
	return bytes.Equal(h.settings, o.settings) && bytes.Equal(h.credential, o.credential)
}

// Settings decodes the settings, secrets in clear, valid against the manifest's
// settings schema. Settings that are not, because they were saved under another
// version of the connector, are an error of class Misconfigured that names every
// faulty field. Else it fails only when into does not fit the schema.
func (c *Connection) Settings(into any) error {
	if err := c.held.faults(); err != nil {
		return err
	}
	return decodeInto(c.held.settings, into, "settings")
}

// Credential decodes what UpdateCredential last stored; into stays as it is
// when nothing was.
func (c *Connection) Credential(into any) error {
	return decodeInto(c.held.credential, into, "credential")
}

// UpdateCredential sends v, as JSON, with this call's answer. The engine seals
// it and gives it to all later calls under a new version, provided that the
// version of this call is still the newest; otherwise somebody else was first
// and v is dropped. The last update of a call counts.
func (c *Connection) UpdateCredential(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode credential: %w", err)
	}
	c.update = raw
	return nil
}

func decodeInto(raw []byte, into any, what string) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return Misconfiguredf(what+"_unreadable", "decode %s: %w", what, err)
	}
	return nil
}
