package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// damages are the ways in which a journal goes bad. Each gets the file's size and a random number, and changes its content.
var damages = []struct {
	name string
	do   func(b []byte, r int) []byte
}{
	{"a flipped bit", func(b []byte, r int) []byte { b[r%len(b)] ^= 1 << (r % 8); return b }},
	{"a flipped bit in a meta page", func(b []byte, r int) []byte { b[16+r%64] ^= 1 << (r % 8); return b }},
	{"a page of zeros", func(b []byte, r int) []byte { p := r % (len(b) / 4096); clear(b[p*4096 : (p+1)*4096]); return b }},
	{"a page in the place of another", func(b []byte, r int) []byte {
		n := len(b) / 4096
		copy(b[r%n*4096:], b[(r/n+1)%n*4096:][:4096])
		return b
	}},
	{"cut short", func(b []byte, r int) []byte { return b[:r%len(b)] }},
	{"cut by one page", func(b []byte, _ int) []byte { return b[:len(b)-4096] }},
	{"empty", func([]byte, int) []byte { return nil }},
	{"no journal", func([]byte, int) []byte { return []byte(strings.Repeat("this is no journal\n", 5000)) }},
	{"many flipped bits", func(b []byte, r int) []byte {
		for i := range 200 {
			b[(r+i*7919)%len(b)] ^= 0x55
		}
		return b
	}},
}

// TestDamagedJournal kills the real binary at random moments over a hostile server, and damages its journal, which has a
// history, each time in another way, before it is started again. In the end everything was stored exactly once, the
// states are right, each damaged file that was noticed is kept, and all files are accounted for.
func TestDamagedJournal(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	bin := filepath.Join(t.TempDir(), "kurir-under-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Skipf("the binary cannot be built here: %v\n%s", err, out)
	}
	beyondHope := 0 // damages that cannot have missed what the journal holds
	rounds := number("KURIR_DAMAGE_ROUNDS", 1)
	const each = 2
	k := newKillRun(t, bin, rounds*each*len(damages), rounds*len(damages))
	data := filepath.Join(k.dir, "data")
	next := 0
	for range rounds {
		for _, damage := range damages {
			control := filepath.Join(data, "control.json")
			_ = os.Remove(control) // of the last run, which was killed
			cmd := k.start()
			k.until("the agent is up", func() bool { _, err := os.Stat(control); return err == nil })
			for range each {
				k.drop(next)
				next++
			}
			moment := time.NewTimer(time.Duration(100+k.rnd.IntN(900)) * time.Millisecond)
			<-moment.C // a random moment is the point, not a wait for something
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			b, err := os.ReadFile(filepath.Join(data, "journal.db"))
			if err != nil {
				t.Fatal(err)
			}
			used := inUse(b)
			bad := damage.do(b, k.rnd.Int())
			if len(bad) < used || damage.name == "no journal" || damage.name == "many flipped bits" {
				beyondHope++
			}
			if err := os.WriteFile(filepath.Join(data, "journal.db"), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: journal of %d bytes, of which %d were in use", damage.name, len(bad), used)
		}
	}
	k.finish()
	k.check()
	aside, err := filepath.Glob(filepath.Join(data, "journal-*.damaged"))
	if err != nil || len(aside) < beyondHope || beyondHope < 3*rounds { // a bit in a free page hurts nobody
		t.Errorf("%d damaged journals were kept of %d, %d of them beyond hope: %v", len(aside), rounds*len(damages), beyondHope, err)
	}
	t.Logf("%d damaged journals were noticed and kept, %d were beyond hope", len(aside), beyondHope)
}

// inUse is how many bytes of a journal hold something, or did: bbolt's file is longer than that. The newer of its two first
// pages tells.
func inUse(b []byte) int {
	const page, pages, transaction = 4096, 56, 64 // where a page counts the pages, and names the transaction
	newer := b[:page]
	if binary.NativeEndian.Uint64(b[page+transaction:]) > binary.NativeEndian.Uint64(b[transaction:]) {
		newer = b[page : 2*page]
	}
	return page * int(binary.NativeEndian.Uint64(newer[pages:]))
}

// journalCheck has the binary prove that every file is in exactly one place. No agent runs.
func journalCheck(t *testing.T, bin, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "journal", "check", "--deep", "-c", filepath.Join(dir, "kurir.yaml"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("journal check: %v\n%s", err, out)
	}
}

// finish lets the agent come to its end with everything, and kills it.
func (k *killRun) finish() {
	control := filepath.Join(k.dir, "data", "control.json")
	_ = os.Remove(control) // of the last run, which was killed
	cmd := k.start()
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	k.until("the agent is up", func() bool { _, err := os.Stat(control); return err == nil }) // also when all was sent before
	k.until("all sets are sent", k.finished)
}

// until waits for a condition, and fails the test when it does not come.
func (k *killRun) until(what string, ok func() bool) {
	k.t.Helper()
	deadline := time.NewTimer(2*time.Minute + time.Duration(k.sets)*time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			k.t.Fatalf("never came: %s\n%s\n%s", what, strings.Join(files(k.t, k.dir), "\n"), tail(k.log.String()))
		case <-tick.C:
		}
	}
}
