// Package secret seals what must not be read at rest and hashes what must only
// be recognised: the keyring made from AFARA_MASTER_KEY, the signing secrets of
// environments, the secrets of API keys, and a type that never prints its value.
package secret
