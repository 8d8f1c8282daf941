package pluginhost

// served is one version of a connector as an instance serves it. A call is
// checked, sent and judged by one and the same.
type served struct {
	*entry
	operations map[string]*operationState
}

// operationState is one operation of a version, with what the instance counts of
// it, whatever the version.
type operationState struct {
	*operation
	*operationCount
	of *served
}

// operationCount is what one instance counts of one operation.
type operationCount struct {
	window window
	meters operationMeters
}

// serves makes a version one of this instance.
func (in *instance) serves(e *entry) *served {
	s := &served{entry: e, operations: make(map[string]*operationState, len(e.operations))}
	in.mu.Lock()
	defer in.mu.Unlock()
	for name, op := range e.operations {
		count := in.counts[name]
		if count == nil {
			count = &operationCount{meters: in.metrics.operation(in.name, in.env, name)}
			in.counts[name] = count
		}
		s.operations[name] = &operationState{operation: op, operationCount: count, of: s}
	}
	return s
}

// put makes p the process that new calls go to.
func (in *instance) put(p *process) {
	in.served.Store(p.served)
	in.current.Store(p)
}
