package pluginhost

import (
	"os"
	"testing"
)

func TestTheKernelsCountOfMemoryKillsIsRead(t *testing.T) {
	t.Parallel()
	for events, want := range map[string]int64{
		"low 0\nhigh 3\noom 9\noom_kill 2\noom_group_kill 1\n": 2, "": -1, "oom_kill many\n": -1,
	} {
		if got := eventCount(events, "oom_kill"); got != want {
			t.Errorf("%q: %d, want %d", events, got, want)
		}
	}
}

func TestAProcessIsNamedByNumberAndStart(t *testing.T) {
	t.Parallel()
	ticks, ok := startTime(os.Getpid())
	if !ok || ticks == 0 {
		t.Fatalf("start of this process: %d, %t", ticks, ok)
	}
	// A left-over whose number is by now another process's is let alone.
	if n := killLeftover(leftover{PID: os.Getpid(), StartTime: ticks + 1}); n != 0 {
		t.Error("a stranger was killed")
	}
	if _, ok := startTime(1 << 30); ok {
		t.Error("a process that cannot exist has a start")
	}
}
