// Package om speaks Orange Money in two of its dialects, the web payment API and
// the core API: their tokens, their calls, the bodies they want, and what their
// answers mean.
package om
