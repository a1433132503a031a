package alarm

import (
	"context"
	"time"
)

const (
	mostPerHour = 12               // messages to one receiver
	firstPause  = 15 * time.Second // after a message that did not go through; it doubles,
	longPause   = 15 * time.Minute // up to this
)

// Receiver is someone who is told of alarms.
type Receiver struct {
	Name    string // the same at every start, without secrets, such as "telegram 1", or "telegram 1/2"
	Service string // its kind, such as "telegram"
	// Send delivers a message or returns why it could not, without secrets.
	Send func(ctx context.Context, m Message) error
}

// courier tells one receiver what it does not know yet. Its fields belong to run's goroutine.
type courier struct {
	k     *Keeper
	r     Receiver
	sent  []time.Time // of the last hour
	fails int         // in a row
	after time.Time   // nothing is sent before
}

func newCourier(k *Keeper, r Receiver) *courier { return &courier{k: k, r: r} }

// run tells the receiver until ctx ends.
func (c *courier) run(ctx context.Context) {
	for {
		c.k.mu.Lock()
		changed := c.k.changed // at every look, so that reminders need no clock of their own
		c.k.mu.Unlock()
		now := time.Now()
		if wait := c.ready(now).Sub(now); wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			continue
		}
		c.tell(ctx, now)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// ready is when the next message may be sent.
func (c *courier) ready(now time.Time) time.Time {
	for len(c.sent) > 0 && now.Sub(c.sent[0]) >= time.Hour {
		c.sent = c.sent[1:]
	}
	if len(c.sent) >= mostPerHour && c.sent[0].Add(time.Hour).After(c.after) {
		return c.sent[0].Add(time.Hour)
	}
	return c.after
}

// tell sends what is news, in one message, and remembers that it did.
func (c *courier) tell(ctx context.Context, now time.Time) {
	m, told := c.k.news(c.r.Name, now)
	if len(told) == 0 {
		return
	}
	err := c.r.Send(ctx, m)
	if ctx.Err() != nil && err != nil {
		return
	}
	c.k.o.Told(c.r.Service, err == nil)
	c.sent = append(c.sent, now)
	if err != nil {
		pause := min(firstPause<<min(c.fails, 10), longPause)
		c.fails++
		c.after = time.Now().Add(pause)
		c.k.log.Warn("notification not sent", "receiver", c.r.Name, "error", err, "next_attempt_at", c.after)
		return
	}
	if c.fails > 0 {
		c.k.log.Info("notifications go through again", "receiver", c.r.Name, "attempts", c.fails+1)
	}
	c.fails = 0
	c.k.know(c.r.Name, told, now)
}

// told is what one receiver was told of one alarm.
type told struct {
	s    *standing
	over bool
}

// news is what a receiver does not know yet: alarms that have begun, that have lasted for Repeat since it was last told,
// that are over although it was told that they began.
func (k *Keeper) news(receiver string, now time.Time) (Message, []told) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []told
	var lines []line
	for _, s := range k.standing {
		last, known := s.told[receiver]
		switch {
		case !s.over.IsZero() && known:
			out = append(out, told{s, true})
			lines = append(lines, line{alarm: s.alarm, over: s.over, text: Of(s.alarm.Code, k.o.Language).Over})
		case s.over.IsZero() && !s.cond.hold && !s.loaded && s.absent.IsZero() && (!known || now.Sub(last) >= k.o.Repeat):
			out = append(out, told{s, false})
			lines = append(lines, line{alarm: s.alarm, again: known, text: s.alarm.Message})
		}
	}
	return k.compose(lines), out
}

// know remembers that a receiver was told.
func (k *Keeper) know(receiver string, what []told, now time.Time) {
	k.mu.Lock()
	for _, t := range what {
		if t.over {
			delete(t.s.told, receiver)
		} else {
			t.s.told[receiver] = now
		}
	}
	k.drop()
	k.mu.Unlock()
	k.save()
}
