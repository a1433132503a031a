package cli

import (
	"strings"
	"testing"
)

// Who names several things learns of each that is not tried again.
func TestRetryOfSomethingThatIsNotThere(t *testing.T) {
	site := aSite(t, true)
	const known = "erp/05080000000220240228000822"
	for _, tc := range []struct {
		args string
		want int
		out  string
	}{
		{known, exitDone, known + "\n"},
		{known + " erp/X lane-1/Y", exitFailed, known + "\n"},
		{known + " erp/X lane-1/Y --json", exitFailed, "{\n  \"ids\": [\n    \"" + known + "\"\n  ]\n}\n"},
	} {
		code, out, said := runCommand(t, strings.Fields("retry -c "+site+" "+tc.args)...)
		if code != tc.want || out != tc.out || strings.Contains(said, "erp/X, lane-1/Y") != (tc.want != exitDone) {
			t.Errorf("%s: code %d\n%s%s", tc.args, code, out, said)
		}
	}
}
