// Package flooz speaks both forms of Moov's API for Flooz, its mobile money: the
// envelopes of SOAP and the JSON of REST, what is sent in them, and what their
// answers mean.
package flooz
