package sdk

import (
	"strings"
	"sync"
)

// masker masks the secrets of all connections that the process knows. It is
// safe for concurrent use.
type masker struct {
	cache *connectionCache

	mu       sync.Mutex
	state    int
	replacer *strings.Replacer
}

func newMasker(cache *connectionCache) *masker {
	return &masker{cache: cache, replacer: replacerOf(nil)}
}

// mask masks a text. The replacer is made anew only after a connection came or
// went.
func (m *masker) mask(text string) string {
	m.mu.Lock()
	if secrets, state, changed := m.cache.secrets(m.state); changed {
		m.replacer, m.state = replacerOf(secrets), state
	}
	r := m.replacer
	m.mu.Unlock()
	return r.Replace(text)
}

// answer masks and cuts a vendor's answer.
func (m *masker) answer(raw []byte) []byte {
	if len(raw) == 0 {
		return nil
	}
	return []byte(cut(m.mask(string(Redact(raw))), MaxVendorAnswerBytes))
}
