package outbox

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The roles of a child, which does its work until it is killed and prints a line after each piece.
var roles = map[string]func(args []string) error{
	"write": func(args []string) error { return writeForever(args[0]) },
	"move":  func(args []string) error { return moveSets(args[0], args[1], Move) },
	"copy":  func(args []string) error { return moveSets(args[0], args[1], moveAcross) },
}

func child(role string, args []string) int {
	if err := roles[role](args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func writeForever(dir string) error {
	for i := 0; ; i++ {
		data := sealed(i, 1+i%7*40_000)
		if err := Replace(filepath.Join(dir, fmt.Sprintf("status-%d.json", i%3)), data); err != nil {
			return err
		}
		name := Free("receipt.json", func(name string) bool {
			_, err := os.Lstat(filepath.Join(dir, name))
			return err == nil
		})
		if err := Create(filepath.Join(dir, name), data); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

const setsToMove = 60

func setName(i int) string { return fmt.Sprintf("SET-%03d", i) }

func moveSets(src, dst string, move func(src, dst string) error) error {
	for i := range setsToMove {
		from := filepath.Join(src, setName(i))
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := move(from, filepath.Join(dst, setName(i))); err != nil {
			return err
		}
		fmt.Println(i)
	}
	return nil
}

// killAfter runs a child, and kills it a random moment after it has printed so many lines. It returns true when the
// child ended by itself before that.
func killAfter(t *testing.T, lines int, role string, args ...string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+role)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for lines > 0 && said.Scan() {
		lines--
	}
	ended := lines > 0
	if !ended {
		<-time.After(time.Duration(rand.IntN(4000)) * time.Microsecond)
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); ended && err != nil {
		t.Fatalf("%s: %v: %s", role, err, complaint.String())
	}
	return ended
}

func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	for range 10 {
		killAfter(t, 1+rand.IntN(6), "write", dir)
		for _, name := range names(t, dir) {
			if !strings.HasPrefix(name, ".") && !isSealed([]byte(read(t, filepath.Join(dir, name)))) {
				t.Errorf("%s is not whole", name)
			}
		}
	}
	visible := 0
	for _, name := range names(t, dir) {
		if !strings.HasPrefix(name, ".") {
			visible++
		}
	}
	if err := Sweep(dir, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := len(names(t, dir)); got != visible {
		t.Errorf("%d of %d files after the sweep", got, visible)
	}
}

func TestKilledWhileMoving(t *testing.T) {
	for role := range ways {
		if role == "rename" {
			role = "move"
		}
		t.Run(role, func(t *testing.T) {
			killWhileMoving(t, role, t.TempDir(), t.TempDir())
		})
	}
}

// killWhileMoving moves sets from src to dst through ten kills. At every moment each file is whole at one of the two
// places, and what is seen under dst is whole.
func killWhileMoving(t *testing.T, role, src, dst string) {
	t.Helper()
	for i := range setsToMove {
		for k := range 3 {
			write(t, filepath.Join(src, setName(i), strconv.Itoa(k)+".jpg"), sealed(i, 1+k*30_000))
		}
	}
	for kills := 0; kills < 10 && !killAfter(t, 1+rand.IntN(8), role, src, dst); kills++ {
		for i := range setsToMove {
			_, err := os.Lstat(filepath.Join(dst, setName(i)))
			for k := range 3 {
				file := filepath.Join(setName(i), strconv.Itoa(k)+".jpg")
				switch {
				case holds(filepath.Join(dst, file), i, k):
				case err == nil:
					t.Errorf("%s is half there", file)
				case !holds(filepath.Join(src, file), i, k):
					t.Errorf("%s is nowhere whole", file)
				}
			}
		}
	}
	for !killAfter(t, setsToMove+1, role, src, dst) {
		t.Log("the last child was quick")
	}
	if left := names(t, src); len(left) > 0 {
		t.Errorf("left at the source: %q", left)
	}
	if got := len(names(t, dst)); got != 4*setsToMove {
		t.Errorf("%d names at the end, want %d", got, 4*setsToMove)
	}
}

func holds(path string, i, k int) bool {
	data, err := os.ReadFile(path)
	return err == nil && string(data) == string(sealed(i, 1+k*30_000))
}
