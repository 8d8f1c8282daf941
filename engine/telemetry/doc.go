// Package telemetry owns how the engine is watched: the form of its logs, with
// what must not be read there cut out, the registry of its metrics, and the
// profiler on a listener of its own.
package telemetry
