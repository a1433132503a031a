package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseListStopsWhereToldTo(t *testing.T) {
	stop := errors.New("stop")
	content := strings.Repeat(car1+"\n", 5000)
	n := 0
	err := parseListFile(context.Background(), strings.NewReader(content), "a.txt", func(Entry) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 3 {
		t.Errorf("got %v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err = parseListFile(ctx, strings.NewReader(content), "a.txt", func(Entry) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// A million lines, one of them of 10 MiB and one bad, are read with bounded memory.
func TestParseListOfAMillion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "car;kode_dokumen")
	const total, long, bad = 1_000_000, 400_000, 700_000
	var chunk bytes.Buffer
	for i := 1; i <= total; i++ {
		switch i {
		case long:
			chunk.Write(bytes.Repeat([]byte("7"), 10<<20))
		case bad:
			chunk.WriteString("5.08E+25;30")
		default:
			fmt.Fprintf(&chunk, "%026d;30", i)
		}
		chunk.WriteByte('\n')
		if chunk.Len() > 1<<20 || i == total {
			if _, err := chunk.WriteTo(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	good := 0
	var rejected []Entry
	var peak, before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	err = ParseList(context.Background(), path, func(e Entry) error {
		if e.Why != "" {
			rejected = append(rejected, e)
			return nil
		}
		if good++; good%200_000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			if runtime.ReadMemStats(&m); m.HeapAlloc > peak.HeapAlloc {
				peak = m
			}
		}
		return nil
	})
	if err != nil || good != total-2 || brief(rejected) != "400001 !long_line\n700001 !scientific" {
		t.Fatalf("got %d, %s, %v", good, brief(rejected), err)
	}
	if used := int64(peak.HeapAlloc) - int64(before.HeapAlloc); used > 4<<20 {
		t.Errorf("%d KiB of heap in use while reading", used>>10)
	}
}
