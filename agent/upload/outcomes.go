package upload

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"kurir/agent/journal"
)

// Outcome is how a set ended: sent or failed.
type Outcome struct {
	Key    string        // of its job
	Failed bool          // else sent
	At     time.Time     // when it ended
	Took   time.Duration // of one that was sent: from its first sight to its receipt
}

// Outcomes calls visit for each set that changed since a time and has ended, the latest change first. Of a record it reads
// two times and no more: there may be a hundred thousand of them in a day.
func (p *Pipeline) Outcomes(ctx context.Context, since time.Time, visit func(Outcome)) error {
	var broken error
	f := journal.Filter{Kind: journal.Xray, Labels: []string{StateSent, StateFailed}}
	err := journal.Newest(ctx, p.o.Store, f, journal.Place{}, func(j journal.Job) bool {
		if j.Updated.Before(since) {
			return false
		}
		o := Outcome{Key: j.Key, Failed: j.Label == StateFailed, At: j.Updated}
		if !o.Failed {
			first, sent, err := spanOf(j)
			if err != nil {
				broken = err
				return false
			}
			if !sent.IsZero() {
				o.At, o.Took = sent, max(0, sent.Sub(first))
			}
		}
		visit(o)
		return true
	})
	if err == nil {
		err = broken
	}
	return err
}

// spanOf returns when a set was first seen and when it was sent. It looks for the two where encode has put them, behind what
// may be long, and reads the whole record only when they are not there.
func spanOf(j journal.Job) (first, sent time.Time, err error) {
	// No text in a record can hold this: within a text, quotes stand behind a backslash. What is verbatim comes later.
	_, rest, ok := bytes.Cut(j.Data, []byte(`,"firstSeen":`))
	if rest, ok = timeIn(rest, ok, &first); ok {
		if rest, ok = bytes.CutPrefix(rest, []byte(`,"accepted":`)); ok {
			rest, ok = timeIn(rest, ok, new(time.Time))
		}
	}
	if rest, isSent := bytes.CutPrefix(rest, []byte(`,"sentAt":`)); ok && isSent {
		_, ok = timeIn(rest, ok, &sent)
	}
	if ok {
		return first, sent, nil
	}
	r, _, err := load(j)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	return r.FirstSeen, r.SentAt, nil
}

// timeIn reads the time with which b begins into t, and returns what is behind it.
func timeIn(b []byte, ok bool, t *time.Time) ([]byte, bool) {
	end := bytes.IndexByte(b, ',')
	if !ok || end < 0 {
		return nil, false
	}
	return b[end:], json.Unmarshal(b[:end], t) == nil
}
