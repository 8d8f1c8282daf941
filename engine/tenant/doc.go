// Package tenant owns who may use the engine: organisations, their
// environments with the secrets that sign their callbacks, and API keys. It
// also records the check value of each master key, so that a start with the
// wrong key is refused before anything is sealed under it.
package tenant
