package logbook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRingKeepsTheLast(t *testing.T) {
	r := NewRing(3)
	log := slog.New(r.Handler(slog.LevelInfo)).With("component", "upload")
	log.Debug("left out")
	for i := range 5 {
		log.Info("line", "n", i)
	}
	log.Error("bad", "error", errors.New("no room"), "at", time.Unix(0, 0).UTC(), slog.Group("g", "x", true))
	all := r.Since(0, slog.LevelDebug, 10)
	if len(all) != 3 || all[0].Attrs["n"] != int64(3) || all[0].Seq != 4 || all[2].Seq != 6 {
		t.Fatalf("kept %+v", all)
	}
	bad := r.Since(0, slog.LevelWarn, 10)
	if len(bad) != 1 || fmt.Sprint(bad[0].Attrs) != "map[at:1970-01-01T00:00:00Z component:upload error:no room g.x:true]" {
		t.Errorf("bad lines are %+v", bad)
	}
	if got := r.Since(5, slog.LevelDebug, 10); len(got) != 1 || got[0].Message != "bad" {
		t.Errorf("after 5 come %+v", got)
	}
	if got := r.Since(0, slog.LevelDebug, 1); len(got) != 1 || got[0].Seq != 6 {
		t.Errorf("of all one is %+v", got)
	}
	var none *Ring
	if none.Since(0, slog.LevelDebug, 1) != nil {
		t.Error("no ring has lines")
	}
	log.Info("long", "long", strings.Repeat("y", 1<<20))
	if got := r.Since(6, slog.LevelDebug, 1)[0].Attrs["long"].(string); len(got) > 2*mostText {
		t.Errorf("a value of %d bytes is kept", len(got))
	}
}

// buffer is written by timers too.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// take returns what was written and forgets it.
func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.b.Reset()
	return b.b.String()
}

// limited is a log behind a Limiter, without times.
func limited() (*slog.Logger, *Limiter, *buffer) {
	var b buffer
	l := Limit(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	return slog.New(l), l, &b
}

func TestRepeatedErrorsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, l, b := limited()
		want := func(lines ...string) {
			t.Helper()
			synctest.Wait()
			if got := strings.TrimSpace(b.take()); got != strings.Join(lines, "\n") {
				t.Errorf("after %v:\n%s\nwant:\n%s", time.Now(), got, strings.Join(lines, "\n"))
			}
		}
		for i := range 30 { // half a minute
			log.Error("claim failed", "error", "disk full", "next_attempt_at", i)
			<-time.After(time.Second)
		}
		want(`level=ERROR msg="claim failed" error="disk full" next_attempt_at=0`)
		log.Error("claim failed", "error", "other")
		log.With("inbox", "lane-1").Error("claim failed", "error", "disk full")
		want(`level=ERROR msg="claim failed" error=other`, `level=ERROR msg="claim failed" inbox=lane-1 error="disk full"`)
		<-time.After(31 * time.Second)
		want(`level=ERROR msg="claim failed" error="disk full" next_attempt_at=29 repeated=29`)
		<-time.After(time.Hour) // nothing more: it is over, and the next one is new
		want("")
		log.Error("claim failed", "error", "disk full")
		want(`level=ERROR msg="claim failed" error="disk full"`)
		for range 100 {
			log.Info("said every time")
		}
		if n := strings.Count(b.take(), "every time"); n != 100 {
			t.Errorf("%d of 100 lines of level info", n)
		}
		log.Error("claim failed", "error", "disk full")
		want("")
		l.Close()
		want(`level=ERROR msg="claim failed" error="disk full"`)
		log.Error("claim failed", "error", "disk full")
		want(`level=ERROR msg="claim failed" error="disk full"`)
	})
}

func TestStormOfOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, l, b := limited()
		defer l.Close()
		for i := range 10_000 {
			log.Warn("set failed", "id", i)
		}
		if n := strings.Count(b.take(), "\n"); n != mostOfKind {
			t.Errorf("%d lines of 10 000 at once", n)
		}
		<-time.After(window + time.Second)
		synctest.Wait()
		if got := b.take(); got != "level=WARN msg=\"set failed\" id=9999 repeated=9900\n" {
			t.Errorf("then %q", got)
		}
	})
}

func TestBothTakesEachItsLevel(t *testing.T) {
	ring := NewRing(10)
	var b bytes.Buffer
	log := slog.New(Both(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelError}), ring.Handler(slog.LevelInfo)))
	log.Info("one", "k", "v")
	log.Error("two")
	if got := ring.Since(0, slog.LevelDebug, 9); len(got) != 2 || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("kept %v, wrote %q", got, b.String())
	}
	if log.Enabled(context.Background(), slog.LevelDebug) {
		t.Error("a level that nobody wants is taken")
	}
}
