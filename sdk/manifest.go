package sdk

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// checkManifest parses c's manifest and compares it with what c implements, so
// that a connector that would disappoint at the first call does not start. It
// names every difference at once.
func checkManifest(c Describer, handlers map[string]Handler) (*schemas.Manifest, error) {
	m, err := schemas.ParseManifest(c.Manifest())
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	faults := slices.Concat(
		protocolFaults(m), operationFaults(m, handlers), streamFaults(m, c), webhookFaults(m, c))
	return m, errors.Join(faults...)
}

func protocolFaults(m *schemas.Manifest) []error {
	if m.ProtocolVersion == ProtocolVersion {
		return nil
	}
	return []error{fmt.Errorf("manifest: protocolVersion is %d, this SDK speaks %d", m.ProtocolVersion, ProtocolVersion)}
}

func operationFaults(m *schemas.Manifest, handlers map[string]Handler) []error {
	var faults []error
	for _, op := range m.Operations {
		if handlers[op.Name] == nil {
			faults = append(faults, fmt.Errorf("manifest: operation %q is declared but has no handler: %s", op.Name, remedy(op.Name)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(handlers)) {
		if _, ok := m.Operation(name); !ok {
			faults = append(faults, fmt.Errorf("manifest: operation %q has a handler but is not declared: add it to operations", name))
		}
	}
	return faults
}

func remedy(operation string) string {
	if strings.HasPrefix(operation, "invoice.") {
		return "implement its capability interface of package sdk"
	}
	return "return it from Operations"
}

func streamFaults(m *schemas.Manifest, c Describer) []error {
	_, pulls := c.(Puller)
	return present("streams", len(m.Streams) > 0, "Puller", pulls)
}

func webhookFaults(m *schemas.Manifest, c Describer) []error {
	_, handles := c.(WebhookHandler)
	return present("webhooks", len(m.Webhooks) > 0, "WebhookHandler", handles)
}

func present(member string, declared bool, capability string, implemented bool) []error {
	switch {
	case declared && !implemented:
		return []error{fmt.Errorf("manifest: %s are declared but the connector is no sdk.%s: implement it", member, capability)}
	case implemented && !declared:
		return []error{fmt.Errorf("manifest: the connector is an sdk.%s but declares no %s: add them", capability, member)}
	}
	return nil
}

// effects tells for each operation whether it has an effect.
func effects(m *schemas.Manifest) map[string]bool {
	e := make(map[string]bool, len(m.Operations))
	for _, op := range m.Operations {
		e[op.Name] = op.Effect != schemas.EffectNone
	}
	return e
}
