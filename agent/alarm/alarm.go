// Package alarm finds what needs a person and tells them: a scanner that is silent, what waits too long, a folder that is
// offline, an API that refuses us, a disk that fills up, what has failed or was given up, a list that cannot be read.
//
// It flows in three parts. Rules (rules.go) are pure: facts and a time in, conditions out. The Keeper makes alarms of
// them: it logs one line when an alarm begins and one when it is over, and remembers across restarts who has been told.
// Couriers (courier.go) tell each receiver what it has not been told yet, in one message for all that is news, at most
// so many an hour, until it has gone through; they hold up neither each other nor anyone else. The words are those of
// one catalogue, in Indonesian and English.
//
// It knows nothing of pipelines and asks for facts through Options.Look. Its caller is the agent.
package alarm

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"kurir/agent/reason"
)

const (
	lookEvery  = 15 * time.Second
	lookSoon   = time.Second     // after Nudge: what happens at the same time is seen together
	clearAfter = time.Minute     // an alarm is over when its cause has been away for so long
	graceFor   = 5 * time.Minute // what stood before a restart is not over before the agent had time to find it again
)

// Alarm is something that needs a person.
type Alarm struct {
	Code    Code
	Subject string // inbox NAME, api NAME, folder PATH or disk PATH
	Since   time.Time
	Message string // what happened
	Who     string // who must act
	Action  string // what to do

	Words map[reason.Language]Text // the same in every language; nil after a restart, until it is found again
}

// Options configure a Keeper.
type Options struct {
	Look      func(now time.Time) Facts // must not block for long
	Receivers []Receiver
	Repeat    time.Duration // how often a lasting alarm is told again
	Language  reason.Language
	Location  *time.Location // of times in messages
	Host      string         // names this computer to those who are told
	Record    string         // a file that keeps across restarts what stands and who was told; "" is none
	Logger    *slog.Logger
	Told      func(service string, ok bool) // counts attempts to tell; may be nil
}

// Keeper keeps the alarms that stand. Make it with New, run it with Run.
type Keeper struct {
	o       Options
	log     *slog.Logger
	started time.Time
	nudged  chan struct{} // one slot: look soon

	mu       sync.Mutex
	standing []*standing
	watched  map[string]time.Time // since when an inbox is watched for silence
	changed  chan struct{}        // closed at every change that couriers may have to tell of, then replaced
	saving   sync.Mutex           // held while the record is written
}

// standing is an alarm that stands, or one that is over but not everyone has been told so. Guarded by Keeper.mu.
type standing struct {
	cond   condition
	alarm  Alarm
	over   time.Time // zero while it stands
	absent time.Time // since when its cause has not been found
	loaded bool      // it stood before the restart and has not been found since
	told   map[string]time.Time
}

// New returns a keeper that knows what stood when the last one ended. Nothing is looked for before Run.
func New(o Options) *Keeper {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Told == nil {
		o.Told = func(string, bool) {}
	}
	k := &Keeper{o: o, log: o.Logger.With("component", "alarm"), watched: map[string]time.Time{},
		changed: make(chan struct{}), nudged: make(chan struct{}, 1)}
	k.load()
	return k
}

// Run looks for what needs a person and tells the receivers, until ctx ends and everything has stopped. It may be called
// once.
func (k *Keeper) Run(ctx context.Context) error {
	k.started = time.Now()
	var couriers sync.WaitGroup
	defer couriers.Wait()
	for _, r := range k.o.Receivers {
		couriers.Go(func() { newCourier(k, r).run(ctx) })
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		k.look(time.Now())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-k.nudged:
			soon := time.NewTimer(lookSoon)
			select {
			case <-ctx.Done():
				soon.Stop()
				return nil
			case <-soon.C:
			}
		}
	}
}

// Nudge says that something has happened that may begin or end an alarm. It never blocks.
func (k *Keeper) Nudge() {
	select {
	case k.nudged <- struct{}{}:
	default:
	}
}

// Standing returns the alarms that stand, the latest first.
func (k *Keeper) Standing() []Alarm {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []Alarm
	for _, s := range k.standing {
		if s.over.IsZero() {
			out = append(out, s.alarm)
		}
	}
	slices.SortStableFunc(out, func(a, b Alarm) int {
		return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// look takes over what is found now.
func (k *Keeper) look(now time.Time) {
	facts := k.o.Look(now)
	facts.Started = k.started
	k.mu.Lock()
	news := k.watch(facts, now)
	found := find(facts, now, k.stands, func(inbox string) time.Time { return k.watched[inbox] })
	for _, c := range found {
		news = k.found(c, now) || news
	}
	for _, s := range k.standing {
		if !slices.ContainsFunc(found, func(c condition) bool { return s.is(c.code, c.subject) }) {
			news = k.missed(s, now) || news
		}
	}
	k.drop()
	k.signal()
	k.mu.Unlock()
	if news {
		k.save()
	}
}

// watch notes the inboxes that are watched for silence from now on. Called with k.mu held, like the next ones.
func (k *Keeper) watch(f Facts, now time.Time) (news bool) {
	for _, in := range f.Inboxes {
		if _, known := k.watched[in.Name]; in.Expect != nil && !known {
			k.watched[in.Name], news = now, true
		}
	}
	return news
}

func (k *Keeper) stands(code Code, subject string) bool {
	return slices.ContainsFunc(k.standing, func(s *standing) bool { return s.is(code, subject) && s.over.IsZero() })
}

func (s *standing) is(code Code, subject string) bool {
	return s.alarm.Code == code && s.alarm.Subject == subject
}

// found takes over a condition: a new alarm, or one that stands and may have grown.
func (k *Keeper) found(c condition, now time.Time) (news bool) {
	if c.since.IsZero() {
		c.since = now
	}
	i := slices.IndexFunc(k.standing, func(s *standing) bool { return s.is(c.code, c.subject) })
	if i < 0 {
		k.standing = append(k.standing, &standing{told: map[string]time.Time{}, alarm: Alarm{Code: c.code, Subject: c.subject, Since: c.since}})
		i = len(k.standing) - 1
		news = true
	}
	s := k.standing[i]
	if !s.over.IsZero() { // it is back before everyone knew that it was over
		s.over, news = time.Time{}, true
		s.alarm.Since = c.since
	}
	s.absent, s.loaded = time.Time{}, false
	c.since = s.alarm.Since
	s.cond = c
	t := c.texts(k.o.Language, k.o.Location, now)
	s.alarm.Words = map[reason.Language]Text{}
	for _, lang := range []reason.Language{reason.Indonesian, reason.English} {
		s.alarm.Words[lang] = c.texts(lang, k.o.Location, now)
	}
	s.alarm.Message, s.alarm.Who, s.alarm.Action = t.What, t.Who, t.Do
	if news {
		k.log.Warn("alarm begins", "code", c.code, "subject", c.subject, "since", c.since, "message", t.What)
	}
	return news
}

// missed takes over that the cause of an alarm was not found.
func (k *Keeper) missed(s *standing, now time.Time) (news bool) {
	if !s.over.IsZero() || s.loaded && now.Sub(k.started) < graceFor {
		return false
	}
	if s.absent.IsZero() {
		s.absent = now
	}
	if now.Sub(s.absent) < clearAfter {
		return false
	}
	s.over = now
	k.log.Info("alarm over", "code", s.alarm.Code, "subject", s.alarm.Subject, "duration", now.Sub(s.alarm.Since).Round(time.Second))
	return true
}

// drop forgets what is over and known to be by all who were told that it began.
func (k *Keeper) drop() {
	k.standing = slices.DeleteFunc(k.standing, func(s *standing) bool { return !s.over.IsZero() && len(s.told) == 0 })
}

// signal wakes the couriers.
func (k *Keeper) signal() {
	close(k.changed)
	k.changed = make(chan struct{})
}
