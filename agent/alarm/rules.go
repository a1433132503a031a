package alarm

import (
	"cmp"
	"slices"
	"time"

	"kurir/agent/reason"
)

// The bounds beyond which something needs a person.
const (
	aloneFor     = 15 * time.Minute // a set may wait so long for its partner
	lateAfter    = 2 * time.Hour    // a set may wait so long to be sent, a document be tried in vain
	offlineFor   = time.Minute      // a folder may be away, or not be written, so long
	throttledFor = 15 * time.Minute // an API may ask us so long to wait
	failedFor    = 24 * time.Hour   // that something has come to a bad end is news for so long
	quietAfter   = time.Minute      // a storm of failures is told when none has come for so long,
	stormAtMost  = 5 * time.Minute  // or after this
	warmUp       = 2 * time.Minute  // silence is not judged before the inboxes have been looked through
)

// diskBound is the free space below which a disk is low: 5 % of it, at least 1 GiB and at most 10 GiB; of a disk so small
// that this is more than a quarter, a quarter.
func diskBound(size uint64) uint64 {
	const gib = 1 << 30
	return min(max(size/20, gib), 10*gib, size/4)
}

// Facts is how the agent is doing, as far as alarms are concerned.
type Facts struct {
	Started time.Time // when the agent began to look
	Inboxes []Inbox
	APIs    []API
	Disks   []Disk
	Broken  []Broken
}

// Inbox is how one inbox is doing. Times that do not apply are zero.
type Inbox struct {
	Name        string
	Documents   bool      // it holds lists of Aju numbers, not sets of photos
	Alone       time.Time // since when the oldest set waits that is not complete
	Late        time.Time // since when the oldest set waits to be sent, or a document is tried in vain
	Offline     time.Time // since when the folder cannot be read
	OfflineWhy  string
	Failed      Ended     // sets or documents that have failed
	Expired     Ended     // documents that were given up
	Refused     Ended     // lists that could not be read
	LastArrival time.Time // of a set
	Expect      *Expect   // nil: nobody minds silence
}

// Ended are those of one kind that have come to a bad end and wait for a person.
type Ended struct {
	N           int         // how many there are
	First, Last time.Time   // when they ended, as far as they followed each other within a day
	ID          string      // the last one
	Code        reason.Code // and why
}

// Expect is when a scanner is expected to deliver.
type Expect struct {
	Every time.Duration
	// Opened reports whether a delivery is expected at a time, and since when without a break; zero: always.
	Opened func(now time.Time) (since time.Time, open bool)
}

// API is how one API is doing.
type API struct {
	Name   string
	Paused bool
	Since  time.Time
	Code   reason.Code // why
}

// Disk is the space on the disk of a folder.
type Disk struct {
	Path       string
	Free, Size uint64
}

// Broken is a folder that the agent must write to and cannot.
type Broken struct {
	Path  string
	Since time.Time
	Why   string
}

// condition is something that needs a person, as it was found.
type condition struct {
	code    Code
	subject string
	since   time.Time   // zero: now
	hold    bool        // it still grows: nobody is told yet
	n       int         // how many
	example string      // an id, or a detail in the system's words
	why     reason.Code // of the API or the example
	every   time.Duration
	free    uint64
	doc     bool // it is about documents
}

// find applies the rules. standing tells which alarms stand, watched since when an inbox has been watched for silence.
func find(f Facts, now time.Time, standing func(Code, string) bool, watched func(inbox string) time.Time) []condition {
	var out []condition
	for _, in := range f.Inboxes {
		out = append(out, in.find(now)...)
		if in.Expect != nil && in.Offline.IsZero() && now.Sub(f.Started) >= warmUp {
			if c, silent := in.silent(now, watched(in.Name)); silent {
				out = append(out, c)
			}
		}
	}
	for _, a := range f.APIs {
		refused := a.Code == reason.Unauthorized || a.Code == reason.Forbidden
		switch {
		case a.Paused && refused:
			out = append(out, condition{code: APIRefused, subject: "api " + a.Name, since: a.Since, why: a.Code})
		case a.Paused && now.Sub(a.Since) >= throttledFor:
			out = append(out, condition{code: APIPaused, subject: "api " + a.Name, since: a.Since, why: a.Code})
		}
	}
	for _, b := range f.Broken {
		if now.Sub(b.Since) >= offlineFor {
			out = append(out, condition{code: Unwritable, subject: "folder " + b.Path, since: b.Since, example: b.Why})
		}
	}
	for _, d := range distinct(f.Disks) {
		subject, bound := "disk "+d.Path, diskBound(d.Size)
		if standing(DiskLow, subject) {
			bound += bound / 10 // it is over when there is clearly more
		}
		if d.Size > 0 && d.Free < bound {
			out = append(out, condition{code: DiskLow, subject: subject, free: d.Free})
		}
	}
	return out
}

// find applies the rules for one inbox, but that of silence.
func (in Inbox) find(now time.Time) []condition {
	var out []condition
	subject := "inbox " + in.Name
	add := func(c condition) {
		c.subject, c.doc = subject, in.Documents
		out = append(out, c)
	}
	since := func(t time.Time, d time.Duration) bool { return !t.IsZero() && now.Sub(t) >= d }
	if since(in.Offline, offlineFor) {
		add(condition{code: Offline, since: in.Offline, example: in.OfflineWhy})
	}
	if since(in.Alone, aloneFor) {
		add(condition{code: Alone, since: in.Alone})
	}
	if since(in.Late, lateAfter) {
		add(condition{code: Late, since: in.Late})
	}
	ended := func(code Code, e Ended) {
		if e.N > 0 && !e.Last.IsZero() && now.Sub(e.Last) < failedFor {
			grows := now.Sub(e.Last) < quietAfter && now.Sub(e.First) < stormAtMost
			add(condition{code: code, since: e.First, hold: grows, n: e.N, example: e.ID, why: e.Code})
		}
	}
	ended(Failures, in.Failed)
	ended(Expired, in.Expired)
	ended(ListRefused, in.Refused)
	return out
}

// silent judges silence: only while a delivery is expected, and counted from the last set, from the beginning of the
// hours in which one is expected, or from when the inbox was first watched, whichever is latest.
func (in Inbox) silent(now, watched time.Time) (condition, bool) {
	opened, open := in.Expect.Opened(now)
	from := latest(in.LastArrival, opened)
	c := condition{code: Silent, subject: "inbox " + in.Name, since: in.LastArrival, every: in.Expect.Every}
	if in.LastArrival.IsZero() {
		from = latest(from, watched)
		c.since = from
	}
	return c, open && now.Sub(from) >= in.Expect.Every
}

// distinct leaves one folder of each disk, the one that was found with least room. Disks of equal size pass for one: if
// they are not, the fuller one is reported.
func distinct(disks []Disk) []Disk {
	sorted := slices.SortedStableFunc(slices.Values(disks), func(a, b Disk) int {
		return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Free>>26, b.Free>>26)) // not by what changes at every moment
	})
	return slices.CompactFunc(sorted, func(a, b Disk) bool { return a.Size == b.Size })
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
