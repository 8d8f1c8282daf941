// Package registry owns connections: a connector configured for one
// environment, its sealed settings and credential, which capability it serves
// there, and whether it is paused. A connection that the vendor refuses pauses
// by itself and resumes when its Check passes.
package registry
