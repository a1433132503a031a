package alarm

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"kurir/agent/outbox"
)

// record is what is kept across restarts, so that nobody is told twice and silence counts on.
type record struct {
	Schema   int                  `json:"schema"`
	Standing []recorded           `json:"standing,omitempty"`
	Watched  map[string]time.Time `json:"watched,omitempty"` // by inbox
}

type recorded struct {
	Code    Code                 `json:"code"`
	Subject string               `json:"subject"`
	Since   time.Time            `json:"since"`
	Over    time.Time            `json:"over,omitzero"`
	Message string               `json:"message"`
	Who     string               `json:"who"`
	Action  string               `json:"action"`
	Told    map[string]time.Time `json:"told,omitempty"` // by receiver
}

// load reads the record. Without a readable one nothing stood: then those who were told before are told again.
func (k *Keeper) load() {
	if k.o.Record == "" {
		return
	}
	b, err := os.ReadFile(k.o.Record)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var r record
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		k.log.Warn("alarm record not read", "path", k.o.Record, "error", err)
		return
	}
	for inbox, since := range r.Watched {
		k.watched[inbox] = since
	}
	for _, e := range r.Standing {
		if Of(e.Code, k.o.Language).What == "" {
			continue // of another version
		}
		s := &standing{loaded: true, over: e.Over, told: map[string]time.Time{}, alarm: Alarm{Code: e.Code, Subject: e.Subject,
			Since: e.Since, Message: e.Message, Who: e.Who, Action: e.Action}}
		for _, to := range k.o.Receivers {
			if at, known := e.Told[to.Name]; known {
				s.told[to.Name] = at
			}
		}
		k.standing = append(k.standing, s)
	}
}

// save writes the record. One that cannot be written is reported, and is written at the next change.
func (k *Keeper) save() {
	if k.o.Record == "" {
		return
	}
	k.saving.Lock()
	defer k.saving.Unlock()
	k.mu.Lock()
	r := record{Schema: 1, Watched: k.watched}
	for _, s := range k.standing {
		r.Standing = append(r.Standing, recorded{Code: s.alarm.Code, Subject: s.alarm.Subject, Since: s.alarm.Since, Over: s.over,
			Message: s.alarm.Message, Who: s.alarm.Who, Action: s.alarm.Action, Told: s.told})
	}
	b, err := json.MarshalIndent(r, "", "  ")
	k.mu.Unlock()
	if err == nil {
		err = outbox.Replace(k.o.Record, append(b, '\n'))
	}
	if err != nil {
		k.log.Warn("alarm record not written", "path", k.o.Record, "error", err)
	}
}
