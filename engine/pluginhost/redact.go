package pluginhost

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/afara-dev/afara/engine/domain"
)

const (
	mask = "[secret]"
	// minSecret is the length under which a value is too common to mask: it
	// would blot out ordinary text and so give itself away.
	minSecret = 4
	minLine   = 8 // the same for one line of a longer secret
)

// keptVersions is how many versions of a connection's secrets stay masked:
// calls with an older one may still be under way.
const keptVersions = 3

// redactor masks the secrets that a connector was given, or gave, in all that
// comes back from it for people to read.
type redactor struct {
	mu      sync.Mutex
	known   map[secretSource][][]string // newest first
	current atomic.Pointer[masker]      // nil: known has changed
}

// masker is made of all that is known at one time.
type masker struct {
	*strings.Replacer
	longest int // spelling, in bytes
}

// secretSource tells a connection's settings from its credential, which change
// apart from each other.
type secretSource struct {
	connection domain.ConnectionID
	credential bool
}

func newRedactor() *redactor { return &redactor{known: map[secretSource][][]string{}} }

// learn notes the secrets of one version of a source.
func (r *redactor) learn(from secretSource, secrets []string) {
	if len(secrets) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	versions := r.known[from]
	if slices.ContainsFunc(versions, func(v []string) bool { return slices.Equal(v, secrets) }) {
		return
	}
	versions = slices.Insert(versions, 0, secrets)
	r.known[from] = versions[:min(len(versions), keptVersions)]
	r.current.Store(nil)
}

func (r *redactor) mask(s string) string { return r.masker().Replace(s) }

// maskCut masks a text whose end was lost, and drops as much of what is left
// of the end as could be the beginning of a secret.
func (r *redactor) maskCut(s string) string {
	m := r.masker()
	s = m.Replace(s)
	return strings.ToValidUTF8(s[:max(0, len(s)-m.longest)], "")
}

func (r *redactor) masker() *masker {
	if m := r.current.Load(); m != nil {
		return m
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, versions := range r.known {
		all = append(all, slices.Concat(versions...)...)
	}
	m := newMasker(all)
	r.current.Store(m)
	return m
}

// newMasker masks longer spellings first, so that a secret that contains
// another is masked whole.
func newMasker(secrets []string) *masker {
	var all []string
	for _, s := range secrets {
		if len(s) >= minSecret {
			all = append(all, spellings(s)...)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	m := &masker{}
	pairs := make([]string, 0, 2*len(all))
	for _, s := range slices.Compact(all) {
		pairs = append(pairs, s, mask)
		m.longest = max(m.longest, len(s))
	}
	m.Replacer = strings.NewReplacer(pairs...)
	return m
}

// spellings are the forms in which a secret may show up: as it is, inside JSON,
// inside an address, in a Basic header, and line by line, as logs show a key.
func spellings(s string) []string {
	quoted, _ := json.Marshal(s) // of a string: cannot fail
	inJSON := string(quoted[1 : len(quoted)-1])
	plainJSON := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(inJSON)
	all := []string{
		s, inJSON, plainJSON, strings.ReplaceAll(plainJSON, "/", `\/`), url.QueryEscape(s), url.PathEscape(s),
		base64.StdEncoding.EncodeToString([]byte(s)),
	}
	if strings.Contains(s, "\n") {
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); len(line) >= minLine {
				all = append(all, line)
			}
		}
	}
	return all
}
