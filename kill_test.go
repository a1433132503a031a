package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kurir/agent/simulator"
)

// TestKilledAtAnyMoment runs the real binary over a server that cuts, delays and lies, and kills it without warning again
// and again while sets come in. Afterwards every image was stored exactly once, every set has a receipt, and the inbox
// is empty. In the second run the journal is deleted half-way.
//
// KURIR_KILL_SETS and KURIR_KILL_TIMES make it larger: 200 and 50 are what was run by hand.
func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	bin := filepath.Join(t.TempDir(), "kurir-under-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Skipf("the binary cannot be built here: %v\n%s", err, out)
	}
	for _, lost := range []bool{false, true} {
		t.Run(map[bool]string{false: "journal_kept", true: "journal_deleted"}[lost], func(t *testing.T) {
			t.Parallel()
			k := newKillRun(t, bin, number("KURIR_KILL_SETS", 40), number("KURIR_KILL_TIMES", 10))
			k.run(lost)
			k.check()
		})
	}
}

func number(env string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(env)); err == nil {
		return n
	}
	return def
}

// killRun is one agent that is killed, with its folders and its server.
type killRun struct {
	t          *testing.T
	dir, bin   string
	sim        *simulator.Server
	sets, kill int
	want       map[string]map[string]bool // nomorAju -> SHA-256 of what must arrive
	rnd        *rand.Rand
	log        bytes.Buffer
}

func newKillRun(t *testing.T, bin string, sets, kill int) *killRun {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killRun{t: t, dir: t.TempDir(), bin: bin, sets: sets, kill: kill, want: map[string]map[string]bool{},
		rnd: rand.New(rand.NewPCG(seed, 1))}
	k.sim = simulator.New(simulator.Options{Faults: simulator.Hostile(seed), Seed: seed})
	srv := httptest.NewServer(k.sim)
	t.Cleanup(func() { srv.Close(); _ = k.sim.Close() })
	for _, d := range []string{"in", "stage"} {
		if err := os.Mkdir(filepath.Join(k.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cfg := fmt.Sprintf(`
data_dir: data
language: en
beacukai:
  base_url: %s/openapi/cnpibk
  timeout: 8s
  auth:
    login: {url: %[1]s/nle-oauth/v1/user/login, refresh_url: %[1]s/nle-oauth/v1/user/update-token, username: demo, password: demo}
inboxes:
  - name: lane
    kind: xray
    path: in
    outbox: out
    settle: 300ms
    rescan: 1s
    max_images_per_request: 2
    retry: {first: 50ms, max: 500ms, give_up_after: 1h, not_found_for: 1h}
dashboard: {listen: ""}
`, srv.URL)
	if err := os.WriteFile(filepath.Join(k.dir, "kurir.yaml"), []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// run drops sets while the agent is started and killed, then lets it finish.
func (k *killRun) run(loseJournal bool) {
	every := max(1, k.sets/k.kill)
	next := 0
	for n := range k.kill {
		cmd := k.start()
		for range every {
			k.drop(next)
			next++
		}
		moment := time.NewTimer(time.Duration(100+k.rnd.IntN(900)) * time.Millisecond)
		<-moment.C // a random moment is the point, not a wait for something
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if loseJournal && n == k.kill/2 {
			if err := os.Remove(filepath.Join(k.dir, "data", "journal.db")); err != nil {
				k.t.Fatal(err)
			}
		}
	}
	for ; next < k.sets; next++ {
		k.drop(next)
	}
	k.finish()
}

// finished reports whether nothing lies in the inbox and every set is shown as sent.
func (k *killRun) finished() bool {
	if len(files(k.t, filepath.Join(k.dir, "in"))) > 0 {
		return false
	}
	for i := range k.sets {
		b, err := os.ReadFile(filepath.Join(k.dir, "out", "status", fmt.Sprintf("set%03d.json", i)))
		var st struct{ State string }
		if err != nil || json.Unmarshal(b, &st) != nil || st.State != "sent" {
			return false
		}
	}
	return true
}

func (k *killRun) start() *exec.Cmd {
	cmd := exec.CommandContext(k.t.Context(), k.bin, "run", "-c", filepath.Join(k.dir, "kurir.yaml"))
	cmd.Stderr = &k.log
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return cmd
}

// drop makes one set of three images: every second one a folder set, the others stem sets written file by file.
func (k *killRun) drop(i int) {
	name, aju := fmt.Sprintf("set%03d", i), fmt.Sprintf("AJU%05d", i)
	k.want[aju] = map[string]bool{}
	content := map[string][]byte{}
	var names []string
	for n := range 3 {
		b := picture(k.t, i*3+n)
		h := sha256.Sum256(b)
		k.want[aju][hex.EncodeToString(h[:])] = true
		file := fmt.Sprintf("%s_%d.png", name, n)
		content[file] = b
		names = append(names, file)
	}
	car := map[string]any{"nomorAju": aju, "nomorBlAwb": "CN" + aju, "tanggalBlAwb": "2025-09-30", "kodeKantor": "009000"}
	if i%3 == 0 {
		car["images"] = names
	}
	b, err := json.Marshal(car)
	if err != nil {
		k.t.Fatal(err)
	}
	content[name+".json"] = b
	into := filepath.Join(k.dir, "in")
	if i%2 == 0 {
		into = filepath.Join(k.dir, "stage", name)
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		k.t.Fatal(err)
	}
	for file, b := range content {
		if err := os.WriteFile(filepath.Join(into, file), b, 0o644); err != nil {
			k.t.Fatal(err)
		}
	}
	if i%2 == 0 {
		if err := os.Rename(into, filepath.Join(k.dir, "in", name)); err != nil {
			k.t.Fatal(err)
		}
	}
}

// check looks at what the server has and at what lies in the outbox.
func (k *killRun) check() {
	t := k.t
	for aju, want := range k.want {
		got := map[string]int{}
		for _, p := range k.sim.Photos(aju) {
			got[p.SHA256]++
		}
		for h := range want {
			if got[h] != 1 {
				t.Errorf("%s: a photo was stored %d times", aju, got[h])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d photos stored, want %d", aju, len(got), len(want))
		}
	}
	receipts, originals := 0, 0
	for _, f := range files(t, filepath.Join(k.dir, "out", "sent")) {
		switch {
		case strings.HasPrefix(filepath.Base(f), "."): // what a killed process was writing; swept at the next start
		case strings.HasSuffix(f, ".receipt.json"):
			receipts++
		default:
			originals++
		}
	}
	if receipts < k.sets || originals != 4*k.sets {
		t.Errorf("%d receipts and %d originals for %d sets of four files", receipts, originals, k.sets)
	}
	if left := files(t, filepath.Join(k.dir, "out", "failed")); len(left) > 0 {
		t.Errorf("failed holds %v", left)
	}
	journalCheck(t, k.bin, k.dir)
	c := k.sim.Counts()
	t.Logf("%d sets, %d kills: requests %v, %d of them met a fault", k.sets, k.kill, c.Requests, c.Faults)
	if t.Failed() {
		t.Log(tail(k.log.String()))
	}
}

// picture makes a small PNG, another for each seed.
func picture(t *testing.T, seed int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range m.Pix {
		m.Pix[i] = uint8((i*i + seed*131 + i*seed) >> 3)
	}
	m.SetGray(seed%64, seed/64%48, color.Gray{uint8(seed)})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%08d", seed) // no two are alike
	return b.Bytes()
}

// files lists the regular files below a folder, relative to it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return nil // what vanishes meanwhile was moved
	})
	return out
}

func tail(s string) string {
	if len(s) > 8000 {
		return s[len(s)-8000:]
	}
	return s
}
