package pluginhost

import (
	"maps"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// choice is which version of a connector shall run for a kind of environment.
type choice struct {
	// entry is the version; when it is missing here, what this node has without
	// anybody's word, whose manifest still helps to understand old work.
	entry *entry
	// missing says why the version that is wanted cannot run on this node.
	missing string
}

// fault says why nothing may run; empty when it may.
func (c choice) fault() string {
	if c.missing != "" {
		return c.missing
	}
	return c.entry.fault
}

// choose finds the version that is wanted. What was found once is not looked for
// again until something else is wanted.
func (h *Host) choose(key instanceKey, want Release) choice {
	if want == (Release{}) {
		return choice{entry: h.shelf.begin(key.connector)}
	}
	h.mu.RLock()
	last, wanted := h.choiceOf(key), h.orders[key].Active
	h.mu.RUnlock()
	if wanted == want && last.missing == "" {
		h.shelf.known(key.connector, last.entry.release()) // it is used
		return last
	}
	e, err := h.shelf.find(key.connector, want)
	if err != nil {
		return choice{entry: h.shelf.begin(key.connector), missing: err.Error()}
	}
	return choice{entry: e}
}

// choiceOf is the last choice, under h.mu.
func (h *Host) choiceOf(key instanceKey) choice {
	if c, ok := h.chosen[key]; ok {
		return c
	}
	return choice{entry: h.shelf.begin(key.connector)}
}

// present is the version that serves, or would.
func (h *Host) present(key instanceKey) *entry {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if in := h.instances[key]; in != nil {
		return in.served.Load().entry
	}
	return h.choiceOf(key).entry
}

// Manifest is the manifest of the version of an installed, usable connector that
// serves that kind of environment; it must not be changed. While a reload is under
// way it is the one that new calls go to.
func (h *Host) Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool) {
	e := h.present(instanceKey{connector, env})
	if e.fault != "" {
		return nil, false
	}
	return e.manifest, true
}

// Manifests are those of all usable connectors, by name, two of a name where the
// kinds of environments have different versions; they must not be changed. A
// version is the same pointer for as long as it serves.
func (h *Host) Manifests() []*schemas.Manifest {
	var all []*schemas.Manifest
	for _, name := range h.names() {
		for _, env := range []domain.EnvironmentKind{domain.Sandbox, domain.Production} {
			if m, ok := h.Manifest(name, env); ok && !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// names are the connectors that were ever found, sorted.
func (h *Host) names() []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := slices.Collect(maps.Keys(h.shelf.first))
	for key := range h.chosen {
		all = append(all, key.connector)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// idle are the connectors that no instance runs, with the version that would.
func (h *Host) idle(needed map[string]bool) []*entry {
	var all []*entry
	for _, name := range h.names() {
		if !needed[name] {
			all = append(all, h.present(instanceKey{name, domain.Sandbox}))
		}
	}
	return all
}
