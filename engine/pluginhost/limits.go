package pluginhost

import "fmt"

// Limits bound what one process of a connector takes of the machine. Memory
// and processes are bounded by a cgroup, where the engine may make one; there
// memory has a second fence everywhere, see dataMargin. The limit on processes
// has no second fence: RLIMIT_NPROC counts all threads of the user, the
// engine's and its neighbours' with them, so one connector would use up what
// the others need.
type Limits struct {
	MemoryMiB int // resident, with its children; default 512
	Files     int // open at once; default 4096, less where the engine itself has less
	Processes int // and threads, with its children; default 512
}

func (l Limits) withDefaults() Limits {
	orDefault(&l.MemoryMiB, 512)
	orDefault(&l.Files, 4096)
	orDefault(&l.Processes, 512)
	return l
}

// dataMargin is how much more than its memory a process may map, private and
// writable (RLIMIT_DATA). A fresh Go program maps 110 MiB more than it uses, a
// fresh Node program 10, and Go keeps what it has mapped; more than that it does
// not need, as measured. Address space (RLIMIT_AS) says nothing: both reserve a
// gigabyte and more that they never touch.
const dataMargin = 256 << 20

// collector tunes the garbage collector of a connector in Go; others do not know
// these names. A connector keeps little, so by Go's own rule it would collect
// each few MiB of garbage, many times a second under load; it may let four times
// what it keeps lie, and collects harder as it nears the fence of its memory.
func (l Limits) collector() []string {
	return []string{"GOGC=400", fmt.Sprintf("GOMEMLIMIT=%d", l.memoryBytes()/4*3)}
}

func (l Limits) memoryBytes() int64 { return int64(l.MemoryMiB) << 20 }

func (l Limits) dataBytes() int64 { return l.memoryBytes() + dataMargin }

// Unlimited is a limit that is not there.
const Unlimited = -1
