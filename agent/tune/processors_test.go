package tune

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestProcessors: there is room beside the processors, once, unless the user has said how much there is to be.
func TestProcessors(t *testing.T) {
	if os.Getenv("KURIR_TUNED") != "" {
		before := runtime.GOMAXPROCS(0)
		Agent()
		Agent()
		_, _ = os.Stdout.WriteString(strconv.Itoa(runtime.GOMAXPROCS(0)-before) + "\n")
		return
	}
	for said, want := range map[string]string{"": "2", "1": "0", "7": "0"} {
		c := exec.Command(os.Args[0], "-test.run=^TestProcessors$")
		c.Env = append(os.Environ(), "KURIR_TUNED=1", "GOMAXPROCS="+said)
		out, err := c.Output()
		if got, _, _ := strings.Cut(string(out), "\n"); err != nil || got != want {
			t.Errorf("GOMAXPROCS=%q: %s more, %v; want %s", said, got, err, want)
		}
	}
}
