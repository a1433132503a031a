package agent

import (
	"context"
	"maps"
	"time"

	"kurir/agent/alarm"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/metrics"
	"kurir/agent/poll"
	"kurir/agent/reason"
	"kurir/agent/transport"
	"kurir/agent/upload"
)

// endpoints are what the clients of the APIs ask for: the Op of their requests.
var endpoints = map[string][]string{
	"beacukai": {"kirim", "add", "get", "login", "refresh"},
	"t2g":      {"statusrespon", "getresbycar", "login", "refresh"},
}

// states are what sets and documents are counted by, whether or not there are any.
var states = map[string][]string{
	config.KindXray: {upload.StateWaiting, upload.StateReady, upload.StateSending, upload.StateRetrying, upload.StateSent, upload.StateFailed},
	config.KindAju:  {poll.Polling, poll.Retrying, poll.Done, poll.Expired, poll.Failed},
}

// assembleMetrics makes what counts.
func (a *Agent) assembleMetrics() {
	o := metrics.Options{Version: a.o.Version, Commit: a.o.Commit, State: a.state}
	for _, in := range a.cfg.Inboxes {
		o.Inboxes = append(o.Inboxes, metrics.Inbox{Name: in.Name, Aju: in.Kind == config.KindAju})
	}
	if a.cfg.Beacukai != nil {
		o.APIs = append(o.APIs, metrics.API{Name: "beacukai", Endpoints: endpoints["beacukai"]})
	}
	if a.cfg.T2G != nil {
		o.APIs = append(o.APIs, metrics.API{Name: "t2g", Endpoints: endpoints["t2g"]})
	}
	for _, c := range reason.Codes() {
		o.Codes = append(o.Codes, string(c))
	}
	a.metrics = metrics.New(o)
}

// requested counts a request to an API.
func (a *Agent) requested(api string, x transport.Exchange) {
	code := x.Status
	if code/100 == 2 && x.Kind != "" {
		code = x.Code // the service refuses inside of an answer; 0 when it made no sense
	}
	a.metrics.Request(api, x.Op, code, x.Took)
	switch x.Kind {
	case transport.Unauthorized, transport.LoginRefused, transport.Forbidden:
		a.alarms.Nudge()
	}
}

// happened counts what happens to a set.
func (a *Agent) happened(e upload.Event) {
	switch e.What {
	case upload.Arrived:
		a.vitals.arrival(e.Inbox, time.Now())
		a.alarms.Nudge()
	case upload.Sent:
		a.metrics.SetSent(e.Inbox, e.Images, e.Duplicates, e.Bytes, e.Took)
	case upload.Postponed:
		a.metrics.Retry(e.Inbox, e.Code)
	case upload.Failed:
		a.metrics.SetFailed(e.Inbox, e.Code)
		a.badEnd(alarm.Failures, e.Inbox, e.ID, e.Code)
	}
}

// polled counts a poll of a document.
func (a *Agent) polled(e poll.Event) {
	ended := ""
	if e.State != e.Before {
		ended = e.State // the metrics know which are ends
	}
	a.metrics.Poll(e.Inbox, e.Code == "", e.Responses, ended)
	switch {
	case e.State == poll.Retrying:
		a.metrics.Retry(e.Inbox, e.Code)
	case e.State == poll.Failed && ended != "":
		a.badEnd(alarm.Failures, e.Inbox, e.ID, e.Code)
	case e.State == poll.Expired && ended != "":
		a.badEnd(alarm.Expired, e.Inbox, e.ID, e.Code)
	}
}

// listed notes a list that was read, or could not be.
func (a *Agent) listed(e poll.ListEvent) {
	a.vitals.listed(e)
	a.alarms.Nudge()
}

// state is what metrics show of the present.
func (a *Agent) state() metrics.State {
	now := time.Now()
	s := metrics.State{Alarms: map[string]int{}}
	s.Journal, _ = a.store.Size()
	o, err := a.Overview(context.Background())
	if err != nil {
		return s
	}
	for _, in := range o.Inboxes {
		st := metrics.InboxState{Name: in.Name, Counts: map[string]int{}, LastArrival: a.vitals.lastArrival(in.Name),
			Online: in.OfflineSince.IsZero(), Polls: in.Mode != "events", Files: in.Files}
		for _, state := range states[in.Kind] {
			st.Counts[state] = 0
		}
		maps.Copy(st.Counts, in.Counts)
		if in.Kind == config.KindAju {
			delete(st.Counts, upload.StateWaiting) // of lists, which are no documents
		}
		if !in.OldestWaiting.IsZero() {
			st.OldestWaiting = now.Sub(in.OldestWaiting)
		}
		if w := a.watchers[in.Name]; w != nil {
			st.Overflows = w.Status().Overflows
		}
		s.Inboxes = append(s.Inboxes, st)
	}
	for _, x := range o.APIs {
		s.APIs = append(s.APIs, metrics.APIState{Name: x.Name, Paused: x.State == control.APIPaused})
	}
	for _, d := range a.vitals.measured() {
		s.Disks = append(s.Disks, metrics.Disk{Role: d.role, Path: d.path, Free: d.space.Free, Size: d.space.Size})
	}
	for _, code := range alarmCodes() {
		s.Alarms[code] = 0
	}
	for _, al := range o.Alarms {
		s.Alarms[al.Code]++
	}
	return s
}
