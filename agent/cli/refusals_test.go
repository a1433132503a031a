package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurir/agent"
	"kurir/agent/config"
	"kurir/agent/journal"
	"kurir/agent/journal/bolt"
)

// An operator who reads Indonesian is told so that there is nothing, and what to do about a secret that nobody has filled in.
func TestRefusalsInIndonesian(t *testing.T) {
	site := aSite(t, true)
	text, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args, token, said string
		want              int
	}{
		{"list --state failed", "x", "kurir: tidak ada yang cocok\n", exitNothing},
		{"show erp/X", "x", "kurir: erp/X: tidak ada yang cocok\n", exitNothing},
		{"poll --inbox lane-1 05080000000220240228000822", "x", "kurir: permintaan tidak sah: ", exitUsage},
		{"run", placeholder, "masih berisi " + placeholder + ": tulis nilai yang sebenarnya", exitUsage},
	} {
		indonesian := strings.NewReplacer("language: en", "language: id", "token: x", "token: "+tc.token).Replace(string(text))
		if err := os.WriteFile(site, []byte(indonesian), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, said := runCommand(t, strings.Fields(tc.args+" -c "+site)...); code != tc.want || !strings.Contains(said, tc.said) {
			t.Errorf("%s: code %d\n%s", tc.args, code, said)
		}
	}
}

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

// What cannot be tried again for a reason of its own is said once, with that reason.
func TestRetryThatIsRefused(t *testing.T) {
	site := aSite(t, true)
	cfg, err := config.Load(site)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(site)
	if err := os.MkdirAll(filepath.Join(dir, "ao", "failed", "Y"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"Y.error.json", "Y/Y.json"} {
		if err := os.WriteFile(filepath.Join(dir, "ao", "failed", file), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store, _, err := bolt.Open(agent.JournalPath(cfg), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	record := fmt.Sprintf(`{"set":"Y","root":%q,"archive":"failed/Y","moved":true}`, filepath.Join(dir, "a"))
	err = store.Put(t.Context(), journal.Job{Kind: journal.Xray, Key: "lane-1/Y/A", ID: "lane-1/Y", Inbox: "lane-1", Group: "A",
		State: journal.Failed, Label: "failed", Data: []byte(record)})
	if err = errors.Join(err, store.Close(), os.Remove(filepath.Join(dir, "a"))); err != nil { // its inbox is away
		t.Fatal(err)
	}
	const known = "erp/05080000000220240228000822"
	code, out, said := runCommand(t, "retry", known, "lane-1/Y", "-c", site)
	if code != exitFailed || out != known+"\n" || !strings.Contains(said, "lane-1") || strings.Contains(said, "nothing to try again") {
		t.Errorf("code %d\n%s%s", code, out, said)
	}
}
