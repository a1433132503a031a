package alarm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kurir/agent/reason"
)

// scene is a keeper with facts that the test sets and receivers that note what they are told.
type scene struct {
	t      *testing.T
	record string
	log    bytes.Buffer

	mu    sync.Mutex
	facts Facts
	down  map[string]bool // receivers that cannot be reached
	got   map[string][]string
	tries int
	stop  func()
}

// newScene must be called in a synctest bubble; record is a path outside of it.
func newScene(t *testing.T, record string) *scene {
	return &scene{t: t, record: record, down: map[string]bool{}, got: map[string][]string{}}
}

func (s *scene) set(f Facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts = f
}

func (s *scene) receiver(name string) Receiver {
	return Receiver{Name: name, Service: "generic", Send: func(_ context.Context, m Message) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tries++
		if s.down[name] {
			return errors.New("down")
		}
		s.got[name] = append(s.got[name], m.Title+"\n"+m.Text)
		return nil
	}}
}

// start runs a keeper with the named receivers.
func (s *scene) start(names ...string) *Keeper {
	var receivers []Receiver
	for _, n := range names {
		receivers = append(receivers, s.receiver(n))
	}
	return s.startWith(receivers...)
}

func (s *scene) startWith(receivers ...Receiver) *Keeper {
	o := Options{Receivers: receivers, Repeat: 4 * time.Hour, Language: reason.English, Host: "pc-1", Record: s.record,
		Logger: slog.New(slog.NewTextHandler(&s.log, nil)), Look: func(time.Time) Facts {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.facts
		}}
	k := New(o)
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("Run: %v", err)
		}
	}
	s.pass(0)
	return k
}

// pass lets time pass and everything happen that is due by then.
func (s *scene) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// told returns what a receiver was told since the last call.
func (s *scene) told(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.got[name]
	delete(s.got, name)
	return out
}

// expect checks the beginnings of the messages that a receiver was told since the last call.
func (s *scene) expect(what, name string, heads ...string) {
	s.t.Helper()
	got := s.told(name)
	ok := len(got) == len(heads)
	for i := 0; ok && i < len(heads); i++ {
		ok = strings.Contains(got[i], heads[i])
	}
	if !ok {
		s.t.Errorf("%s: %s was told %q, want %q", what, name, got, heads)
	}
}

func refused() Facts {
	return Facts{APIs: []API{{Name: "t2g", Paused: true, Since: time.Now(), Code: reason.Unauthorized}}}
}

func TestOneAlarmOneMessage(t *testing.T) {
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		k := s.start("telegram 1")
		s.pass(time.Hour)
		s.expect("nothing is wrong", "telegram 1")
		s.set(refused())
		s.pass(time.Hour)
		s.expect("it began", "telegram 1", "kurir on pc-1: 1 alarm(s)\nNEEDS ACTION: api t2g\nThe API refuses kurir since 01:00")
		if got := k.Standing(); len(got) != 1 || got[0].Code != APIRefused || got[0].Who != "IT" || got[0].Action == "" {
			t.Errorf("standing: %+v", got)
		}
		s.pass(9 * time.Hour)
		s.expect("it lasts", "telegram 1", "STILL SO: api t2g", "STILL SO: api t2g")
		s.set(Facts{})
		s.pass(30 * time.Second)
		s.set(refused()) // a blink
		s.pass(time.Hour)
		s.expect("it blinked", "telegram 1")
		s.set(Facts{})
		s.pass(2 * time.Minute)
		s.expect("it is over", "telegram 1", "kurir on pc-1: 1 alarm(s) over\nOVER: api t2g\nThe API accepts kurir again.")
		s.pass(24 * time.Hour)
		s.expect("it stays over", "telegram 1")
		if len(k.Standing()) > 0 {
			t.Error("it stands after its end")
		}
		s.stop()
		if log := s.log.String(); strings.Count(log, "alarm begins") != 1 || strings.Count(log, "alarm over") != 1 {
			t.Errorf("logged:\n%s", log)
		}
	})
}

func TestRestartTellsNobodyTwice(t *testing.T) {
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.set(refused())
		s.start("telegram 1")
		s.pass(time.Minute)
		s.expect("it began", "telegram 1", "NEEDS ACTION")
		s.stop()
		began := s.facts.APIs[0].Since
		s.set(Facts{}) // the gate is open until the first request
		k := s.start("telegram 1", "smtp 1")
		s.pass(time.Minute)
		if got := k.Standing(); len(got) != 1 || !got[0].Since.Equal(began) {
			t.Errorf("after the restart: %+v", got)
		}
		s.expect("nothing is known yet", "smtp 1")
		s.set(refused())
		s.pass(time.Hour)
		s.expect("it was told before", "telegram 1")
		s.expect("a new receiver", "smtp 1", "NEEDS ACTION")
		s.stop()

		s.set(Facts{})
		s.start("smtp 1") // telegram is not configured any more
		s.pass(time.Hour)
		s.expect("it is over", "smtp 1", "OVER: api t2g")
		s.stop()
		s.start("smtp 1", "telegram 1")
		s.pass(time.Hour)
		s.expect("all is told", "smtp 1")
		s.expect("all is told", "telegram 1")
		s.stop()
	})
}

func TestReceiverThatIsDown(t *testing.T) {
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.down["telegram 1"] = true
		s.set(refused())
		s.start("telegram 1", "smtp 1")
		s.pass(2 * time.Hour)
		s.expect("the other is not held up", "smtp 1", "NEEDS ACTION")
		if s.tries > 1+2*mostPerHour+1 {
			t.Errorf("%d attempts in two hours", s.tries)
		}
		s.mu.Lock()
		s.down["telegram 1"] = false
		s.mu.Unlock()
		s.pass(time.Hour)
		s.expect("it is back", "telegram 1", "NEEDS ACTION")
		if log := s.log.String(); !strings.Contains(log, "notification not sent") || !strings.Contains(log, "go through again") {
			t.Errorf("logged:\n%s", log)
		}
		s.stop()
	})
}

// TestStorm lets ten thousand sets fail, and fifty alarms come and go all the time.
func TestStorm(t *testing.T) {
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.start("telegram 1")
		began := time.Now()
		for i := range 100 { // for 100 seconds
			s.set(Facts{Inboxes: []Inbox{{Name: "lane-1", Failed: Ended{N: 100 * (i + 1), First: began, Last: time.Now(),
				ID: "lane-1/A", Code: reason.ImageInvalid}}}})
			s.pass(time.Second)
		}
		s.pass(time.Hour)
		s.expect("a storm", "telegram 1", "Sets have failed since 00:00 (10000 in all); the last is lane-1/A")

		end := time.Now().Add(6 * time.Hour)
		for on := true; time.Now().Before(end); on = !on {
			var f Facts
			for i := range 50 {
				if on {
					f.Inboxes = append(f.Inboxes, Inbox{Name: fmt.Sprint(i), Offline: time.Now().Add(-time.Hour)})
				}
			}
			s.set(f)
			s.pass(2 * time.Minute)
		}
		got := s.told("telegram 1")
		if len(got) > 6*mostPerHour+1 || len(got) < 6 {
			t.Errorf("%d messages in six hours", len(got))
		}
		for _, m := range got {
			if len(m) > 4096 {
				t.Errorf("a message of %d bytes", len(m))
			}
		}
		if !strings.Contains(got[len(got)-1], "more: see kurir status") {
			t.Errorf("the last message is %q", got[len(got)-1])
		}
		s.stop()
	})
}

// TestSilenceCountsAcrossRestarts watches an inbox into which nothing has ever come.
// A chat service that refuses long messages gets what it takes, however much happens at once, and the rest is counted.
func TestMessageThatIsNotRefusedForItsLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, "")
		to := s.receiver("chat")
		send := to.Send
		to.Send = func(ctx context.Context, m Message) error {
			if n := len(m.Title + "\n\n" + m.Text); n > 4096 {
				return fmt.Errorf("message is too long: %d", n)
			}
			return send(ctx, m)
		}
		var f Facts
		for i := range 12 {
			ended := Ended{N: 3, First: time.Now(), Last: time.Now(), ID: fmt.Sprintf("lane-%d/%s", i, strings.Repeat("AWB-", 40)), Code: reason.SidecarInvalid}
			f.Inboxes = append(f.Inboxes, Inbox{Name: fmt.Sprintf("lane-%d", i), Failed: ended})
		}
		f.Broken = []Broken{{Path: "/srv/" + strings.Repeat("folder/", 500), Since: time.Now(), Why: strings.Repeat("no such file, ", 100)}}
		s.set(f)
		s.startWith(to)
		s.pass(10 * time.Minute)
		got := s.told("chat")
		if len(got) != 1 || !strings.Contains(got[0], "13 alarm(s)") || !strings.Contains(got[0], "see kurir status") {
			t.Fatalf("it was told %d times: %.200q", len(got), got)
		}
		if n := strings.Count(got[0], "NEEDS ACTION"); n < 4 || !strings.Contains(got[0], fmt.Sprintf("and %d more", 13-n)) {
			t.Errorf("of 13 alarms %d are told: %q", n, got[0])
		}
		s.stop()
	})
}

func TestSilenceCountsAcrossRestarts(t *testing.T) {
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.set(Facts{Inboxes: []Inbox{{Name: "lane-1", Expect: &Expect{Every: 2 * time.Hour,
			Opened: func(time.Time) (time.Time, bool) { return time.Time{}, true }}}}})
		for range 4 { // restarted every now and then
			s.start("telegram 1")
			s.pass(29 * time.Minute)
			s.expect("not yet", "telegram 1")
			s.stop()
		}
		s.start("telegram 1")
		s.pass(5 * time.Minute)
		s.expect("silent", "telegram 1", "No set of photos has come from the scanner since 00:00; one is expected every 2 h")
		s.stop()
	})
}

func TestDamagedRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(file, "alarms.json") // nor can it be written
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.set(refused())
		s.start("telegram 1")
		s.pass(time.Minute)
		s.expect("it began", "telegram 1", "NEEDS ACTION")
		s.stop()
		for _, line := range []string{"alarm record not read", "alarm record not written"} {
			if !strings.Contains(s.log.String(), line) {
				t.Errorf("logged:\n%s", s.log.String())
			}
		}
	})
}
