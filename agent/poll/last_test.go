package poll

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"kurir/agent/journal"
)

// The poll that ends a document cannot write its status file: the document is not done with before the file tells of its end.
func TestTheLastStatusIsWritten(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status func(http.ResponseWriter, string)
		before time.Duration // from the first poll to the last
		state  string
		code   string
		job    journal.State
	}{
		"failed":          {code(400, `{"status":"error","desc":"car salah"}`), time.Minute, Failed, "rejected", journal.Failed},
		"expired":         {running("104"), testPace.GiveUpAfter, Expired, "gave_up", journal.Failed},
		"done":            {running("800"), time.Minute, Done, "", journal.Active},
		"end of the tail": {running("800"), testPace.TailFor, Done, "", journal.Done},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			first := running("104")
			if name == "end of the tail" {
				first = running("800")
			}
			r.server.set(first, nil)
			r.start()
			if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
				t.Fatal(err)
			}
			r.await(car1, "first polled", func(d Document) bool { return d.Polls == 1 })

			file := r.path("documents", car1, "status.json")
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(r.path("documents", car1, "status.json", "held"), 0o755); err != nil { // cannot be replaced
				t.Fatal(err)
			}
			r.server.set(tt.status, nil)
			r.turn(tt.before)
			var job journal.Job
			polled := func(n int) {
				t.Helper()
				eventually(t, func() bool {
					var err error
					job, err = r.store.Get(context.Background(), journal.Aju, jobKey("erp", car1))
					if err != nil {
						t.Fatal(err)
					}
					rec, err := decodeRecord(job)
					return err == nil && rec.Polls >= n && rec.Busy.IsZero()
				}, func() string { return "not polled again" })
			}
			polled(2)
			if wait := job.Due.Sub(r.clock.Now()); job.State != journal.Active || wait <= 0 || wait > testPace.Max {
				t.Fatalf("it is %s, %s, and due in %v", job.State, job.Label, wait)
			}
			if tt.job != journal.Active && (job.Label != Retrying || job.Cause == nil || job.Cause.Code != "disk") {
				t.Errorf("meanwhile it is %s: %+v", job.Label, job.Cause)
			}
			r.turn(testPace.Max)
			polled(3)
			if job.State != journal.Active {
				t.Fatalf("then it is %s", job.State)
			}

			if err := os.RemoveAll(file); err != nil {
				t.Fatal(err)
			}
			r.turn(testPace.Max)
			doc := r.await(car1, "the last status is written", func(d Document) bool { return d.Polls == 4 })
			code := ""
			if doc.Error != nil {
				code = doc.Error.Code
			}
			polled(4)
			if doc.State != tt.state || code != tt.code || job.State != tt.job || job.Label != tt.state {
				t.Errorf("in the end %+v, %+v; the job is %s, %s", doc, doc.Error, job.State, job.Label)
			}
		})
	}
}
