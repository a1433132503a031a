package agent

import (
	"testing"
	"time"

	"kurir/agent/alarm"
	"kurir/agent/poll"
	"kurir/agent/reason"
)

// Those that follow each other within a day are one story, whichever way round it is told.
func TestBadEndsOfADay(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }
	for what, hours := range map[string][]int{"as they happen": {1, 5, 20, 40}, "out of the journal": {40, 20, 5, 1}} {
		e := newBadEnds()
		for _, h := range hours {
			e.add(alarm.Expired, "erp", at(h).Format("erp/15"), "gave_up", at(h))
		}
		want := alarm.Ended{First: at(1), Last: at(40), ID: "erp/16", Code: reason.GaveUp}
		if got := e.jobs["erp"][alarm.Expired]; got.Last != want.Last || got.ID != want.ID || got.Code != want.Code {
			t.Errorf("%s: %+v", what, got)
		}
		if len(e.jobs["erp"]) != 1 || len(e.jobs) != 1 {
			t.Errorf("%s: more than was told: %+v", what, e.jobs)
		}
	}
	e := newBadEnds()
	e.add(alarm.Failures, "erp", "erp/old", "rejected", at(1))
	e.add(alarm.Failures, "erp", "erp/new", "rejected", at(30))
	if got := e.jobs["erp"][alarm.Failures]; !got.First.Equal(at(30)) {
		t.Errorf("after a day without one it begins anew: %+v", got)
	}
}

func TestRefusedListsOfADay(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }
	refused := func(name string, hour int) poll.ListEvent {
		return poll.ListEvent{ID: "erp/" + name, Inbox: "erp", Name: name, Refused: true, At: at(hour)}
	}
	e := newBadEnds()
	if got := e.refused("erp", at(1)); got.N != 0 {
		t.Errorf("none: %+v", got)
	}
	e.addList(refused("monday", 1))
	e.addList(refused("tuesday", 2))
	e.addList(refused("tuesday", 3)) // the same name, still wrong
	want := alarm.Ended{N: 2, First: at(1), Last: at(3), ID: "erp/tuesday", Code: reason.ListInvalid}
	if got := e.refused("erp", at(4)); got != want {
		t.Errorf("two: %+v, want %+v", got, want)
	}
	if got := e.refused("other", at(4)); got.N != 0 {
		t.Errorf("of another inbox: %+v", got)
	}
	e.addList(poll.ListEvent{ID: "erp/tuesday~2", Inbox: "erp", Name: "tuesday", At: at(4)})
	if got := e.refused("erp", at(4)); got.N != 1 || got.ID != "erp/monday" {
		t.Errorf("after one that can be read: %+v", got)
	}
	if got := e.refused("erp", at(25)); got.N != 0 || len(e.lists["erp"]) != 0 {
		t.Errorf("a day later: %+v, %v", got, e.lists)
	}
}
