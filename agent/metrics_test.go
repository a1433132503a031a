package agent_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// get reads from the agent's control address.
func (h *house) get(path string) (int, []byte) {
	h.t.Helper()
	res, err := http.Get("http://" + h.address() + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, b
}

var (
	typeLine  = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	readmeRow = regexp.MustCompile("(?m)^\\| `((?:kurir|go|process|promhttp)_[a-z0-9_]+)`")
	anyName   = regexp.MustCompile(`\b(?:kurir|go|process)_[a-z0-9_]+\b`)
)

// servedNames are the metrics that an agent at work serves, those of Go and the process apart from ours.
func servedNames(served []byte) (ours, all []string) {
	for _, m := range typeLine.FindAllSubmatch(served, -1) {
		name := string(m[1])
		all = append(all, name)
		if string(m[2]) == "histogram" {
			all = append(all, name+"_bucket", name+"_count", name+"_sum")
		}
		if strings.HasPrefix(name, "kurir_") {
			ours = append(ours, name)
		}
	}
	slices.Sort(ours)
	return ours, all
}

// TestMetrics holds what an agent that has sent a set and polled a document serves against the README, the alert rules
// and the dashboard.
func TestMetrics(t *testing.T) {
	h := newHouse(t)
	h.more = `alarms: {notify: ["generic+http://127.0.0.1:9/hook"]}`
	h.start()
	h.dropSet("AWB1")
	h.dropList("numbers.txt", "00000000000120250101000001")
	h.dropBroken("AWB2")
	h.await("a set, a broken one and a document", func() bool {
		_, b := h.get("/metrics")
		return bytes.Contains(b, []byte(`kurir_sets_failed_total{code="image_invalid",inbox="lane-1"} 1`)) && bytes.Contains(b, []byte(`kurir_sets_sent_total{inbox="lane-1"} 1`)) &&
			bytes.Contains(b, []byte(`kurir_polls_total{inbox="erp",result="ok"} `)) &&
			!bytes.Contains(b, []byte(`kurir_polls_total{inbox="erp",result="ok"} 0`)) &&
			bytes.Contains(b, []byte(`kurir_disk_free_bytes{`))
	})
	status, served := h.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for _, line := range []string{
		`kurir_images_sent_total{inbox="lane-1"} 2`, `kurir_sets_failed_total{code="network",inbox="lane-1"} 0`,
		fmt.Sprintf(`kurir_images_sent_bytes_total{inbox="lane-1"} %d`, h.photoBytes), `kurir_sets{inbox="lane-1",state="failed"} 1`, `kurir_sets{inbox="lane-1",state="sent"} 1`, `kurir_inbox_online{inbox="lane-1"} 1`,
		`kurir_api_requests_total{api="beacukai",code="200",endpoint="kirim"} 1`,
		`kurir_api_requests_total{api="beacukai",code="200",endpoint="login"} 1`,
		`kurir_api_request_duration_seconds_count{api="beacukai",endpoint="kirim"} 1`, `kurir_api_paused{api="t2g"} 0`,
		`kurir_alarms{code="disk_low"} `, `go_goroutines `, `kurir_set_duration_seconds_count{inbox="lane-1"} 1`,
	} {
		if !bytes.Contains(served, []byte("\n"+line)) {
			t.Errorf("not served: %s", line)
		}
	}
	if strings.Contains(string(served), "demo") {
		t.Error("the metrics hold a user or a token")
	}
	ours, all := servedNames(served)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range readmeRow.FindAllSubmatch(readme, -1) {
		listed = append(listed, string(m[1]))
	}
	for _, name := range ours {
		if !slices.Contains(listed, name) {
			t.Errorf("the README does not list %s", name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(all, name) && !strings.HasPrefix(name, "process_") { // which not every system can tell
			t.Errorf("the README lists %s, which is not served", name)
		}
	}
	rules, err := os.ReadFile("../install/monitoring/kurir.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	exprs := dashboardExpressions(t)
	for _, name := range anyName.FindAllString(string(rules)+strings.Join(exprs, "\n"), -1) {
		if !slices.Contains(all, name) && !strings.HasPrefix(name, "process_") {
			t.Errorf("the rules or the dashboard use %s, which is not served", name)
		}
	}
	promtool(t, served, exprs)
}

// dashboardExpressions are the questions of the dashboard to Prometheus.
func dashboardExpressions(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../install/monitoring/kurir-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	var exprs []string
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	if len(exprs) < 20 {
		t.Fatalf("only %d questions found", len(exprs))
	}
	return exprs
}

// promtool lets Prometheus' own tool judge the metrics, the rules with their tests, and the dashboard's questions.
func promtool(t *testing.T, served []byte, exprs []string) {
	t.Helper()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("KURIR_CI") != "" && runtime.GOOS == "linux" { // not under Wine
			t.Fatal("promtool is missing (Debian's package prometheus)")
		}
		t.Skip("no promtool (Debian's package prometheus): what it checks was left out")
	}
	run := func(in []byte, args ...string) {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Stdin = bytes.NewReader(in)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	var kurirs []string // promtool judges others' names too
	for block := range strings.SplitSeq(string(served), "# HELP ") {
		if strings.HasPrefix(block, "kurir_") {
			kurirs = append(kurirs, "# HELP "+block)
		}
	}
	run([]byte(strings.Join(kurirs, "")), "check", "metrics")
	run(nil, "check", "rules", "../install/monitoring/kurir.rules.yml")
	run(nil, "test", "rules", "../install/monitoring/kurir.rules.test.yml")

	var b strings.Builder
	b.WriteString("groups: [{name: dashboard, rules: [\n")
	for i, e := range exprs {
		e = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$inbox", ".*").Replace(e)
		fmt.Fprintf(&b, "{record: 'panel:q%d', expr: %q},\n", i, e)
	}
	b.WriteString("]}]\n")
	file := filepath.Join(t.TempDir(), "dashboard.rules.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(nil, "check", "rules", file)
}
