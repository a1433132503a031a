package tune

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for kept, want := range map[uint64]int{
		0: 400, 1: 400, 1 << 20: 400, 4 << 20: 400, 8 << 20: 200, 10 << 20: 160, 16 << 20: 100, 32 << 20: 50, 40 << 20: 40, 1 << 40: 40,
	} {
		if got := percentFor(kept); got != want {
			t.Errorf("%d bytes kept: %d %%, want %d", kept, got, want)
		}
	}
}

// TestRoom: the percentage follows what the process keeps, in both directions, and goes on doing so.
func TestRoom(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC is set")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	Agent()
	Agent()
	await(t, "a small process has room", func(percent uint64) bool { return percent > 100 })
	for range 2 {
		much := make([]byte, 2*room)
		await(t, "a process that keeps much collects more often", func(percent uint64) bool { return percent < 100 })
		runtime.KeepAlive(much)
		await(t, "it has room again", func(percent uint64) bool { return percent > 100 })
	}
}

// await collects garbage until the percentage in force is as wanted.
func await(t *testing.T, what string, ok func(percent uint64) bool) {
	t.Helper()
	deadline, tick := time.NewTimer(3*time.Minute), time.NewTicker(time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for {
		metrics.Read(sample)
		if ok(sample[0].Value.Uint64()) {
			return
		}
		runtime.GC()
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never so: %s (%d %%)", what, sample[0].Value.Uint64())
		}
	}
}
