package pluginhost

import (
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
)

// keptVersions is how many versions of a connection's secrets stay masked:
// calls with an older one may still be under way.
const keptVersions = 3

// redactor masks the secrets that a connector was given, or gave, in all that
// comes back from it for people to read.
type redactor struct {
	mu      sync.Mutex
	known   map[secretSource][][]string      // newest first
	current atomic.Pointer[strings.Replacer] // nil: known has changed
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

func (r *redactor) mask(s string) string { return r.replacer().Replace(s) }

func (r *redactor) replacer() *strings.Replacer {
	if rep := r.current.Load(); rep != nil {
		return rep
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, versions := range r.known {
		all = append(all, slices.Concat(versions...)...)
	}
	rep := strings.NewReplacer(maskPairs(all)...)
	r.current.Store(rep)
	return rep
}

// maskPairs are the spellings under which the secrets may show up, longest
// first, so that a secret that contains another is masked whole.
func maskPairs(secrets []string) []string {
	var spellings []string
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		quoted, _ := json.Marshal(s) // of a string: cannot fail
		spellings = append(spellings, s, string(quoted[1:len(quoted)-1]), url.QueryEscape(s), url.PathEscape(s),
			base64.StdEncoding.EncodeToString([]byte(s)))
	}
	slices.SortFunc(spellings, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(spellings))
	for _, s := range slices.Compact(spellings) {
		pairs = append(pairs, s, mask)
	}
	return pairs
}
