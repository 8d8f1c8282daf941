package domain

// EnvironmentKind keeps sandbox and production apart, in data and processes.
type EnvironmentKind string

const (
	Sandbox    EnvironmentKind = "sandbox"
	Production EnvironmentKind = "production"
)

// InvoiceMode is what an environment does with an invoice.
type InvoiceMode string

const (
	// ModeSI registers: prepare, validate, sign.
	ModeSI InvoiceMode = "SI"
	// ModeAP transmits what is already signed.
	ModeAP InvoiceMode = "AP"
	// ModeHybrid does both.
	ModeHybrid InvoiceMode = "HYBRID"
)

// Environment is what the parts need to know of one environment of an
// organisation. It is read often and changes seldom: callers get a cached copy.
type Environment struct {
	ID           EnvironmentID
	Organisation OrganisationID
	Kind         EnvironmentKind
	Mode         InvoiceMode
}

// Scope is what an API key may do.
type Scope string

const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
	ScopeOps   Scope = "ops"
)

// Principal is who calls: one key, bound to one environment.
type Principal struct {
	Key         KeyID
	Environment Environment
	Scopes      []Scope
}

// May reports whether the principal's key has the scope. Write includes read.
func (p Principal) May(s Scope) bool {
	for _, have := range p.Scopes {
		if have == s || have == ScopeWrite && s == ScopeRead {
			return true
		}
	}
	return false
}

// CallbackStream is the stream of all deliveries.
const CallbackStream = "callback"

// ConnectorStream is the stream of a connector's work: sandbox and production
// are different processes, and so different streams.
func ConnectorStream(connector string, kind EnvironmentKind) string {
	return "connector." + connector + "." + string(kind)
}
