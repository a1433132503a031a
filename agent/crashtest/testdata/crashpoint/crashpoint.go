// Package crashpoint is compiled into the binary that agent/crashtest builds, and into no other. Every durable step of that
// binary passes through it, by wrappers W2_1 (two arguments, one result) and the like, which are generated.
//
// KURIR_CRASH_RECORD names a file to which every step that is passed is appended. KURIR_CRASH_AT, "PHASE|N|STEP", kills the
// process with SIGKILL before or after the Nth time it does that step. KURIR_HOLD_AT lets every step whose name begins so hang
// before it is done, as on a disk that does not answer.
package crashpoint

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

var (
	mu     sync.Mutex
	record *os.File
	phase  string
	step   string
	left   int
	hold   string
)

func init() {
	if name := os.Getenv("KURIR_CRASH_RECORD"); name != "" {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			panic(err)
		}
		record = f
	}
	hold = os.Getenv("KURIR_HOLD_AT")
	if parts := strings.SplitN(os.Getenv("KURIR_CRASH_AT"), "|", 3); len(parts) == 3 {
		phase, step = parts[0], parts[2]
		left, _ = strconv.Atoi(parts[1])
	}
}

// pass is called before and after each step.
func pass(now, name string) {
	if hold != "" && now == "before" && strings.HasPrefix(name, hold) {
		_, _ = fmt.Fprintln(os.Stderr, "held at", name)
		select {}
	}
	if record == nil && now != phase {
		return
	}
	key := name + callers()
	mu.Lock()
	defer mu.Unlock()
	if record != nil && now == "before" {
		_, _ = fmt.Fprintln(record, key)
	}
	if now != phase || key != step {
		return
	}
	if left--; left == 0 {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// wrapper is how a wrapper appears that the compiler has put into its caller.
var wrapper = regexp.MustCompile(`\.W\d+_\d+\.`)

// tools are packages whose own steps are told apart by who outside of them has asked.
var tools = []string{"outbox.", "journal/bolt.", "transport.", "beacukai.", "t2g."}

// callers names the two functions from which the step's own function was called.
func callers() string {
	pcs := make([]uintptr, 40)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var out strings.Builder
	for own, taken := true, 0; taken < 2; {
		f, more := frames.Next()
		name, ours := strings.CutPrefix(f.Function, "kurir/agent/")
		switch {
		case !ours || strings.HasPrefix(name, "crashpoint.") || wrapper.MatchString(name):
		case own:
			own = false
		case isTool(name):
		default:
			out.WriteString(" < " + strings.ReplaceAll(name, "[...]", ""))
			taken++
		}
		if !more {
			break
		}
	}
	return out.String()
}

func isTool(name string) bool {
	for _, t := range tools {
		if strings.HasPrefix(name, t) {
			return true
		}
	}
	return false
}
