// Package simulator owns the Echo Registry's stand-in: real state behind real
// HTTP, faults on request, and counters that tell whether a client ever repeated
// a registration on a doubt.
//
// Since the registry is made up, every behaviour here is a choice; the ones that
// a real authority might make otherwise are the options of New.
package simulator
