package pluginhost

import (
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
)

// Offer reads the folder of a connector anew and answers the version that it has
// there, once a process of it has started and described itself: what cannot run
// here is not offered to other nodes. It takes no call. The error says what is
// wrong for people to read.
func (h *Host) Offer(connector string, env domain.EnvironmentKind) (Release, error) {
	if !h.gate.enter() {
		return Release{}, errClosing()
	}
	defer h.gate.leave()
	e, err := h.shelf.present(connector)
	if err != nil {
		return Release{}, err
	}
	if e == h.present(instanceKey{connector, env}) {
		return e.release(), nil
	}
	if err := h.try(e, env); err != nil {
		return Release{}, fmt.Errorf("version %s does not start: %w", e.release(), err)
	}
	return e.release(), nil
}

// try starts a version once, beside whatever runs.
func (h *Host) try(e *entry, env domain.EnvironmentKind) error {
	in := h.newInstance(choice{entry: e}, e.name, env)
	p, err := h.startInstance(in, in.served.Load())
	if err != nil {
		return errors.New(in.redact.mask(err.Error()))
	}
	healthy := in.healthy(p)
	in.dismiss(p, "it was only tried")
	if !healthy {
		return errors.New("it does not answer health probes")
	}
	return nil
}

// Serving is the version that this node runs, or would run, for that kind of
// environment; the zero value when it has none that can.
func (h *Host) Serving(connector string, env domain.EnvironmentKind) Release {
	return h.present(instanceKey{connector, env}).release()
}

// Has reports whether this node can run a release, be it from before; the error
// says what it has instead.
func (h *Host) Has(connector string, r Release) error {
	_, err := h.shelf.find(connector, r)
	return err
}
