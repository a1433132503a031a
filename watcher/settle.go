package watcher

import "time"

// The paces of settling.
const (
	quickSettle = 100 * time.Millisecond // enough quiet where it can be seen that nobody writes
	maxPause    = time.Second            // between two looks at a file that somebody holds open
	crowdPause  = time.Millisecond       // that pause grows by this for each unsettled file beside it
)

// identity tells a file from another one that has taken its name. The device is left out: it changes when the same
// file system is mounted again.
type identity struct {
	index uint64 // inode number or file index
	born  int64  // time of birth in nanoseconds, where inode numbers are reused at once and it is told; else 0
}

// stamp is what must stay the same while a file comes to rest.
type stamp struct {
	size int64
	mod  time.Time
	id   identity
}

// writer is what a look found out about programs that have the file open for writing.
type writer uint8

const (
	notAsked      writer = iota
	noWriter             // nobody has it open for writing
	hasWriter            // somebody has
	unknownWriter        // it cannot be seen here
	failedCheck          // the check itself failed; never taken for noWriter
)

// sight is one look at a file. When the writer was asked, the stamp was taken before and after the question and was
// the same both times.
type sight struct {
	stamp   stamp
	touched time.Time // when anything about the file changed last, by its file system's account; zero where this is not told
	before  time.Time // the look began
	after   time.Time // the look ended
	writer  writer
}

// track is what settling remembers of a file between two looks.
type track struct {
	stamp   stamp
	changed time.Time     // end of the look that first saw this stamp
	next    time.Time     // when to look again while it is not at rest
	pause   time.Duration // the last wait for a writer to go
	quiet   bool          // it had been quiet for long enough when it was first seen with this stamp
	rest    bool
}

// rule says when a file is at rest. It is pure: what it knows of the world is in the sights it is given.
type rule struct {
	settle     time.Duration // the quiet a file needs where writers cannot be seen
	trusted    bool          // the absence of a writer can be believed; false on network shares
	identities bool          // the file system's identities are stable
}

// begin is the track of a file seen for the first time, or changed. Where the file system's account of the last change can be
// believed, which no program can set back, quiet counts from then: what has lain here for a while waits for the next look only.
func (r rule) begin(s sight) track {
	quiet := r.trusted && r.identities && !s.touched.IsZero() && s.before.Sub(s.touched) >= quickSettle
	t := track{stamp: s.stamp, changed: s.after, quiet: quiet}
	t.next = s.after.Add(r.quick(&t))
	return t
}

// quick is the least quiet after its first sight with which a file can be at rest.
func (r rule) quick(t *track) time.Duration {
	switch {
	case !r.trusted:
		return r.settle
	case t.quiet:
		return 0
	}
	return min(quickSettle, r.settle)
}

// same says whether two stamps are of the same, unchanged file.
func (r rule) same(a, b stamp) bool {
	return a.size == b.size && a.mod.Equal(b.mod) && (!r.identities || a.id == b.id)
}

// ask says whether a look that begins now should ask for writers: not before the answer can settle anything.
func (r rule) ask(t *track, now time.Time) bool {
	return !t.rest && now.Sub(t.changed) >= r.quick(t)
}

// judge takes one more look at the file into account. It reports whether the file changed; whether it is at rest
// stands in the track. crowd is how many files are unsettled: the more, the longer the pauses.
func (r rule) judge(t *track, s sight, crowd int) (changed bool) {
	if !r.same(t.stamp, s.stamp) {
		s.touched = time.Time{} // what has changed under our eyes comes to rest under them
		*t = r.begin(s)
		return true
	}
	if t.rest {
		return false
	}
	need := r.settle
	switch s.writer {
	case notAsked: // too early a look
		if earliest := t.changed.Add(r.quick(t)); t.next.Before(earliest) {
			t.next = earliest
		}
		return false
	case hasWriter, failedCheck:
		longest := max(maxPause, time.Duration(crowd)*crowdPause)
		t.pause = min(max(2*t.pause, quickSettle), longest)
		t.next = s.after.Add(t.pause)
		return false
	case noWriter:
		need = r.quick(t)
	case unknownWriter:
	}
	if s.before.Sub(t.changed) >= need {
		t.rest = true
		return false
	}
	t.next = t.changed.Add(need)
	return false
}
