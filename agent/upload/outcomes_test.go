package upload

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"kurir/agent/journal"
)

// TestSpanOf reads the two times of records of every sort as a whole reading does: with names, and answers of a server, that
// look like what is searched for.
func TestSpanOf(t *testing.T) {
	const lure = `,"firstSeen":"2001-01-01T00:00:00Z","accepted":"2001-01-01T00:00:00Z","sentAt":"2001-01-01T00:00:00Z",`
	jakarta := time.FixedZone("WIB", 7*3600)
	at := time.Date(2026, 3, 1, 10, 20, 30, 123456789, jakarta)
	whole := Record{Set: "S" + lure, Root: "/in", Sidecar: lure, Marker: lure, Files: []File{{Path: lure}},
		Images: []Image{{Path: lure, Name: lure, At: at.Add(time.Hour)}}, FirstSeen: at, Accepted: at.Add(time.Second), SentAt: at.Add(time.Minute),
		Response: json.RawMessage(`{"x":1` + lure[:len(lure)-1] + `}`), Failure: &journal.Cause{Message: lure}, Replaced: []string{lure}}
	unsent := whole
	unsent.SentAt = time.Time{}
	for i, data := range []json.RawMessage{
		whole.encode(), unsent.encode(), (&Record{}).encode(), (&Record{SentAt: at}).encode(), (&Record{Response: whole.Response}).encode(),
		json.RawMessage(`{"set":"old","sentAt":"2026-01-01T00:00:01Z","firstSeen":"2026-01-01T00:00:00Z"}`),
		json.RawMessage(fmt.Sprintf(`{"set":"spaced", "firstSeen": %q, "sentAt": %q}`, at.Format(time.RFC3339Nano), at.Format(time.RFC3339))),
		json.RawMessage(`{"files":null,"firstSeen":"2026-01-01T00:00:00Z"}`),
	} {
		j := journal.Job{Data: data}
		r, _, err := load(j)
		if err != nil {
			t.Fatal(err)
		}
		first, sent, err := spanOf(j)
		if err != nil || !first.Equal(r.FirstSeen) || !sent.Equal(r.SentAt) {
			t.Errorf("%d: %v to %v, want %v to %v: %v", i, first, sent, r.FirstSeen, r.SentAt, err)
		}
	}
	if _, _, err := spanOf(journal.Job{Data: json.RawMessage(`{"set":`)}); err == nil {
		t.Error("a record that breaks off was read")
	}
}
