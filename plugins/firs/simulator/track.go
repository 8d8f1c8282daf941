package simulator

// Operations that faults and counters name. The others count under their
// names in the route table.
const (
	opValidate = "validate"
	opSign     = "sign"
	opConfirm  = "confirm"
	opSearch   = "search"
	opTransmit = "transmit"
	opUpdate   = "update"
)

// begin counts the request, notes a violation and picks the fault that is due.
func (s *Simulator) begin(rq *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	rq.settings = s.settings
	if rq.irn == "" {
		return s.dueFault(rq)
	}
	ref := s.book.at(rq.irn)
	rq.ref = ref
	ref.asked.count(rq.op.name)
	rq.signs = ref.asked.Signs
	switch rq.op.name {
	case opSign:
		s.judge(ref, rq.irn)
		ref.open++
		ref.settled = false
	case opConfirm, opSearch:
		rq.probe = ref.open == 0
	}
	return s.dueFault(rq)
}

// judge runs for each sign request; the rule is in Counters.Violations.
func (s *Simulator) judge(ref *reference, irn string) {
	if ref.asked.Signs == 1 || ref.open == 0 && ref.settled {
		return
	}
	ref.asked.Violations++
	s.tally.Violations++
	if len(s.tally.Violators) < maxViolators {
		s.tally.Violators = append(s.tally.Violators, irn)
	}
}

// ended runs once for each request that begin has seen: right before its answer
// is written, since a client that has it may act on it at once, or when its
// client is gone (answer nil). A write that fails then takes it back.
func (s *Simulator) ended(rq *request, a *answer) {
	if rq.ref == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rq.over {
		return
	}
	rq.over = true
	known := a != nil && a.definite()
	switch rq.op.name {
	case opSign:
		rq.ref.open--
		rq.ref.settled = known
		rq.settles = known
	case opConfirm, opSearch:
		if known && rq.probe && rq.signs == rq.ref.asked.Signs {
			rq.settles = !rq.ref.settled
			rq.ref.settled = true
		}
	}
}

// undelivered takes back what ended has noted of an answer that did not reach
// its client.
func (s *Simulator) undelivered(rq *request) {
	if rq.ref == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rq.settles && rq.signs == rq.ref.asked.Signs {
		rq.ref.settled = false
	}
}
