package pluginhost

// Usage is what a process takes of the machine. The zero value is one of which
// nothing can be told.
type Usage struct {
	MemoryBytes int64   // resident
	CPUSeconds  float64 // since its start
	Threads     int
}
