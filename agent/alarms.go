package agent

import (
	"os"
	"path/filepath"
	"time"

	"kurir/agent/alarm"
	"kurir/agent/config"
	"kurir/agent/control"
	"kurir/agent/reason"
)

// assembleAlarms makes what looks for what needs a person. An address that cannot be read is left out, and said.
func (a *Agent) assembleAlarms() {
	addresses := make([]string, len(a.cfg.Alarms.Notify))
	for i, to := range a.cfg.Alarms.Notify {
		addresses[i] = to.Reveal()
	}
	receivers, errs := alarm.NewReceivers(addresses)
	for i, err := range errs {
		if err != nil {
			a.log.Error("notification address not usable", "index", i, "error", err)
		}
	}
	for _, r := range receivers {
		a.metrics.Receiver(r.Service)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	a.alarms = alarm.New(alarm.Options{
		Look: a.facts, Receivers: receivers, Repeat: a.cfg.Alarms.Repeat.D(), Language: a.lang, Location: a.cfg.Location(),
		Host: host, Record: filepath.Join(a.cfg.DataDir, "alarms.json"), Logger: a.log, Told: a.metrics.Notification,
	})
}

func alarmCodes() []string {
	var codes []string
	for _, c := range alarm.Codes() {
		codes = append(codes, string(c))
	}
	return codes
}

// facts is how the agent is doing, for alarms.
func (a *Agent) facts(now time.Time) alarm.Facts {
	var f alarm.Facts
	counts := a.store.Counts()
	for _, in := range a.cfg.Inboxes {
		st := a.watchers[in.Name].Status()
		x := alarm.Inbox{
			Name: in.Name, Documents: in.Kind == config.KindAju, Offline: st.Offline, OfflineWhy: st.Reason,
			Late: a.vitals.waiting(in.Name), LastArrival: a.vitals.lastArrival(in.Name),
		}
		a.vitals.endedBadly(&x, in.Kind, counts, now)
		if a.upload != nil {
			_, x.Alone = a.upload.Waiting(in.Name)
		}
		if e := in.Expect; e != nil && a.vitals.remembers() {
			x.Expect = &alarm.Expect{Every: e.Every.D(), Opened: func(now time.Time) (time.Time, bool) {
				return e.Opened(now.In(a.cfg.Location()))
			}}
		}
		f.Inboxes = append(f.Inboxes, x)
	}
	for _, x := range []*api{a.bc, a.t2g} {
		if x == nil {
			continue
		}
		st := a.apiState(x)
		f.APIs = append(f.APIs, alarm.API{Name: x.name, Paused: st.State == control.APIPaused, Since: st.Since, Code: reason.Code(st.Code)})
	}
	f.Broken = a.disks.broken()
	for _, d := range a.vitals.measured() {
		f.Disks = append(f.Disks, alarm.Disk{Path: d.path, Free: d.space.Free, Size: d.space.Size})
	}
	return f
}

// alarmsNow are the alarms that stand, for the control address.
func (a *Agent) alarmsNow() []control.Problem {
	var out []control.Problem
	for _, al := range a.alarms.Standing() {
		p := control.Problem{Subject: al.Subject, Code: string(al.Code), Message: al.Message,
			Action: al.Action, WhoActs: al.Who, Since: al.Since.In(a.cfg.Location()), Words: map[string]control.Words{}}
		for lang, text := range al.Words {
			p.Words[string(lang)] = control.Words{Message: text.What, Action: text.Do, WhoActs: text.Who}
		}
		out = append(out, p)
	}
	return out
}
