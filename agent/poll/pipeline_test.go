package poll

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

// running answers statusrespon with a document under way that shows responses of the given codes.
func running(status string, kodes ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, car string) {
		var rs []string
		for _, k := range kodes {
			rs = append(rs, fmt.Sprintf(`{"car":%q,"kodeRespon":%q,"uraianRespon":"U %s","tanggalRespon":"2026-03-01","pdf_encoded":null}`, car, k, k))
		}
		say200(w, fmt.Sprintf(`{"status":"ok","desc":{"data":{"car":%q,"status":%q,"statusUraian":"S %s","dataRespon":[%s],"dataStatus":[]}}}`,
			car, status, status, strings.Join(rs, ",")))
	}
}

// bringing answers getresbycar with responses of the given codes, each with a PDF of its own.
func bringing(kodes ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, car string) {
		var rs []string
		for _, k := range kodes {
			rs = append(rs, fmt.Sprintf(`{"reshdr":{"car":%q,"reskd":%q,"restg":"2026-03-01","reswk":"10%s","pdf_encoded":%q}}`,
				car, k, k, base64.StdEncoding.EncodeToString(pdfFor(car, k))))
		}
		say200(w, `{"rescode":"OK","desc":[`+strings.Join(rs, ",")+`]}`)
	}
}

func pdfFor(car, kode string) []byte { return []byte("%PDF-1.4 " + car + " " + kode + "\n%%EOF\n") }

func code(status int, body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
}

func rows(t *testing.T, path string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(read(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestListToSummary(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("800", "2003"), bringing("2003"))
	r.start()
	list := "car;kode_dokumen\n" + car1 + ";30\n5,08E+25;30\n=HYPERLINK(1);30\n" + strings.ToLower(car2) + ";\n" + car1 + ";30\n"
	if err := r.drop("harian 1.csv", list); err != nil {
		t.Fatal(err)
	}
	for _, car := range []string{car1, strings.ToLower(car2)} {
		r.await(car, "done", func(d Document) bool { return d.State == Done && len(d.Responses) == 1 })
	}
	folder := r.path("lists", "harian 1")
	if got := files(t, folder); !slices.Equal(got[:2], []string{"harian 1.csv", "rejected.csv"}) {
		t.Errorf("files %v", got)
	}
	if len(files(t, r.in.Root)) != 0 || read(t, filepath.Join(folder, "harian 1.csv")) != list {
		t.Error("the list was not moved as it is")
	}
	rejected := rows(t, filepath.Join(folder, "rejected.csv"))
	if len(rejected) != 3 || rejected[1][0] != "3" || !strings.Contains(rejected[1][2], "scientific") || rejected[2][1] != "'=HYPERLINK(1)" {
		t.Errorf("rejected.csv: %v", rejected)
	}
	var summary [][]string
	eventually(t, func() bool {
		if _, err := os.Stat(filepath.Join(folder, "summary.csv")); err != nil {
			return false
		}
		summary = rows(t, filepath.Join(folder, "summary.csv"))
		return summary[1][3] == Done && summary[2][3] == Done
	}, func() string { return fmt.Sprint(summary) })
	if !slices.Equal(summary[0], summaryColumns) || len(summary) != 4 {
		t.Fatalf("summary.csv: %v", summary)
	}
	want := []string{"2", car1, "30", "done", "800", "S 800", "", "", "1", "1", "2026-03-01T08:00:00Z", ""}
	if !slices.Equal(summary[1], want) || summary[2][0] != "5" || summary[2][1] != strings.ToLower(car2) || summary[3][0] != "6" {
		t.Errorf("summary.csv: %v", summary)
	}
	if n := len(r.server.requests("statusrespon", "")); n != 2 {
		t.Errorf("%d polls", n)
	}
	doc := r.doc(car1)
	if !slices.Equal(doc.Lists, []string{"harian 1"}) || doc.Responses[0].PDF != "respon/2026-03-01_102003_2003.pdf" ||
		read(t, r.path("documents", car1, filepath.FromSlash(doc.Responses[0].PDF))) != string(pdfFor(car1, "2003")) {
		t.Errorf("got %+v", doc)
	}
	job, err := r.store.Get(context.Background(), KindList, "erp/harian 1")
	if err != nil {
		t.Fatal(err)
	}
	if l, err := r.p.DescribeList(job); err != nil || l.Entries != 3 || l.Rejected != 2 {
		t.Errorf("list: %+v, %v", l, err)
	}
}

// The same list again, also after a restart, changes no file and asks nothing.
func TestListAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("800", "2003"), bringing("2003"))
	r.start()
	list := car1 + "\n" + car2 + "\nx\n"
	summaryDone := func() bool {
		b, _ := os.ReadFile(r.path("lists", "a", "summary.csv"))
		return strings.Count(string(b), ",done,") == 2
	}
	for i := range 3 {
		if err := r.drop("a.txt", list); err != nil {
			t.Fatal(err)
		}
		for _, car := range []string{car1, car2} {
			r.await(car, "done", func(d Document) bool { return d.State == Done })
		}
		eventually(t, summaryDone, func() string { return "no summary" })
		if i == 0 {
			r.kill()
			before := snapshot(t, r.in.Outbox)
			r.start()
			defer func() {
				r.kill()
				after := snapshot(t, r.in.Outbox)
				for name, was := range before {
					if after[name] != was {
						t.Errorf("%s changed:\n%s\n%s", name, was, after[name])
					}
				}
				if len(after) != len(before) {
					t.Errorf("files: %v", files(t, r.in.Outbox))
				}
				if n := len(r.server.requests("", "")); n != 4 {
					t.Errorf("%d requests", n)
				}
			}()
		}
	}
	if len(files(t, r.in.Root)) != 0 {
		t.Error("the inbox is not empty")
	}
}

// Lists of one name with other content, hostile names, and lists that cannot be read: each is in the outbox, with a
// reason beside it, and none waits for another.
func TestListNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open()
	names := map[string]string{
		"a.txt": car1, "summary.csv": "car\n" + car2, "rejected.csv": car3, "error.json": `["` + car3 + `"]`, "b.v1.txt": car1,
		"broken.json": `["` + car1 + `"`, "binary.csv": "\x7fELF\x02\x01\x01\x00\x00\x03\x00>\x00", "letter.doc": "x", "empty.txt": "",
	}
	var offered []string
	for name, content := range names {
		if err := os.WriteFile(filepath.Join(r.in.Root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		offered = append(offered, name)
	}
	offered = append(offered, "gone.txt")
	if err := r.offer(offered...); err != nil {
		t.Fatal(err)
	}
	if err := r.drop("a.txt", car2); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a/a.txt", "a~2/a.txt", "b.v1/b.v1.txt", "binary/binary.csv", "binary/error.json", "binary/rejected.csv",
		"broken/broken.json", "broken/error.json", "broken/rejected.csv", "empty/empty.txt", "empty/error.json", "empty/rejected.csv",
		"error/error~2.json", "letter/error.json", "letter/letter.doc", "letter/rejected.csv",
		"rejected/rejected~2.csv", "summary/summary~2.csv",
	}
	if got := files(t, r.path("lists")); !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	if len(files(t, r.in.Root)) != 0 {
		t.Error("the inbox is not empty")
	}
	if text := read(t, r.path("lists", "binary", "error.json")); !strings.Contains(text, `"list_invalid"`) {
		t.Errorf("error.json: %s", text)
	}
	job, err := r.store.Get(context.Background(), KindList, "erp/binary")
	if err != nil || job.Label != ListFailed || job.Cause == nil || job.Cause.Code != string(reason.ListInvalid) {
		t.Errorf("job %+v, %v", job, err)
	}
}

// A list that is empty or breaks off is left alone for a while.
func TestListBeingWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.open()
	for _, name := range []string{"a.json", "b.txt"} {
		content := map[string]string{"a.json": `["` + car1, "b.txt": ""}[name]
		if err := os.WriteFile(filepath.Join(r.in.Root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.p.accept(context.Background(), r.in, name, true); !errors.Is(err, errWriting) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := files(t, r.in.Outbox); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if err := r.drop("a.json", `["`+car1+`"]`); err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Get(context.Background(), journal.Aju, "erp/"+car1); err != nil {
		t.Error(err)
	}
}

// The pace: it grows while nothing changes, begins anew after a change, and holds across restarts.
func TestPaceOfRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "first poll", func(d Document) bool { return d.Polls == 1 && d.State == Polling && d.Note != "" })
	intervals := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 30 * time.Minute, 30 * time.Minute}
	for i, d := range intervals {
		r.turn(d - time.Second)
		if i%3 == 0 {
			r.kill()
			r.start()
		}
		r.turn(time.Second)
		r.await(car1, fmt.Sprint("poll ", i+2), func(doc Document) bool { return doc.Polls == i+2 })
	}
	r.server.set(running("110"), nil)
	r.turn(30 * time.Minute)
	r.await(car1, "a change", func(doc Document) bool { return doc.Status == "110" })
	r.turn(time.Minute)
	r.await(car1, "the pace begins anew", func(doc Document) bool { return doc.Polls == len(intervals)+3 })
	want := append([]time.Duration{}, intervals...)
	want = append(want, 30*time.Minute, time.Minute)
	got := r.server.requests("statusrespon", car1)
	for i := 1; i < len(got); i++ {
		if d := got[i].at.Sub(got[i-1].at); d != want[i-1] {
			t.Errorf("request %d came after %v, want %v", i+1, d, want[i-1])
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("%d requests", len(got))
	}
}

// A poll that was cut off by the agent's end is not repeated before its interval is over.
func TestInterruptedPoll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	entered := make(chan struct{}, 10)
	release := make(chan struct{})
	r.server.set(func(w http.ResponseWriter, car string) {
		entered <- struct{}{}
		<-release
		running("110")(w, car)
	}, nil)
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	<-entered
	r.kill()
	close(release)
	r.start()
	r.turn(testPace.First - time.Second)
	r.turn(time.Second)
	r.await(car1, "the second try", func(d Document) bool { return d.Status == "110" })
	got := r.server.requests("statusrespon", car1)
	if len(got) != 2 || got[1].at.Sub(got[0].at) < testPace.First {
		t.Errorf("got %v", got)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status, response func(http.ResponseWriter, string)
		state, code      string
		retryFirst       bool
	}{
		"400":               {code(400, `{"status":"error","desc":"car salah"}`), nil, Failed, "rejected", false},
		"422":               {code(422, `{"status":"error","desc":"kode_dokumen salah"}`), nil, Failed, "rejected", false},
		"404":               {code(404, `<html>404</html>`), nil, Polling, "", false},
		"nothing, 500":      {code(500, `{"status":"error","desc":"Data tidak ditemukan"}`), nil, Polling, "", false},
		"500":               {code(500, `<html>oops</html>`), nil, Retrying, "server_error", false},
		"not JSON":          {code(200, `<html>login</html>`), nil, Retrying, "bad_response", false},
		"cut off":           {code(200, `{"status":"ok","desc":{"da`), nil, Retrying, "bad_response", false},
		"401":               {code(401, `{}`), nil, Retrying, "unauthorized", false},
		"403":               {code(403, `{}`), nil, Retrying, "forbidden", false},
		"429":               {code(429, ``), nil, Retrying, "server_error", false},
		"503":               {code(503, ``), nil, Retrying, "server_error", false},
		"another car":       {running2(car2, "800"), nil, Retrying, "bad_response", false},
		"response 500":      {running("800", "2003"), code(500, `oops`), Retrying, "server_error", false},
		"response 400":      {running("800", "2003"), code(400, `{"rescode":"ERR","desc":"salah"}`), Failed, "rejected", false},
		"response missing":  {running("800", "2003"), bringing(), Polling, "", false},
		"response others":   {running("800", "2003"), bringing("2020"), Polling, "", false},
		"unknown code":      {running("4711", "9999"), bringing("9999"), Polling, "", false},
		"done":              {running("900", "2003"), bringing("2003", "2020"), Done, "", false},
		"done, no response": {running("120"), nil, Done, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.server.set(tt.status, tt.response)
			r.start()
			if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
				t.Fatal(err)
			}
			doc := r.await(car1, "settled", func(d Document) bool { return d.Polls == 1 })
			got := ""
			if doc.Error != nil {
				got = doc.Error.Code
			}
			if doc.State != tt.state || got != tt.code {
				t.Errorf("got %s, %s; want %s, %s", doc.State, got, tt.state, tt.code)
			}
			if doc.Error != nil && (doc.Error.Action == "" || doc.Error.Message == "") {
				t.Errorf("error without words: %+v", doc.Error)
			}
			if tt.state == Failed != doc.NextPollAt.IsZero() {
				t.Errorf("next poll at %v", doc.NextPollAt)
			}
			for _, f := range files(t, r.path("documents")) {
				if strings.Contains(read(t, r.path("documents", f)), car2) {
					t.Errorf("%s names another car", f)
				}
			}
			if doc.State == Failed { // an operator tries again
				r.server.set(running("800"), nil)
				if err := r.p.Retry(context.Background(), jobKey("erp", car1)); err != nil {
					t.Fatal(err)
				}
				r.await(car1, "tried again", func(d Document) bool { return d.State == Done && d.Error == nil })
			}
		})
	}
}

// running2 answers about another car, whatever was asked.
func running2(car, status string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { running(status, "2003")(w, car) }
}

// Of a getresbycar that is otherwise right only the foreign entry is dropped.
func TestForeignEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("800", "2003"), func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"rescode":"ok","desc":[{"reshdr":{"car":%q,"reskd":"2003","restg":"2026-03-01","reswk":"1"}},
			{"reshdr":{"car":%q,"reskd":"2003","restg":"2026-03-01","reswk":"2"}}]}`, car2, car))
	})
	r.start()
	if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "done", func(d Document) bool { return d.State == Done })
	if got := files(t, r.path("documents", car1, "respon")); !slices.Equal(got, []string{"2026-03-01_2_2003.json"}) {
		t.Errorf("got %v", got)
	}
	for _, f := range files(t, r.path("documents")) {
		if strings.Contains(read(t, r.path("documents", f)), car2) {
			t.Errorf("%s names another car", f)
		}
	}
}

// A PDF in statusrespon that getresbycar does not bring is delivered, once.
func TestPDFInStatusRespon(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pdf := base64.StdEncoding.EncodeToString(pdfFor(car1, "2003"))
	r.server.set(func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"status":"OK","desc":{"data":{"car":%q,"status":"800","dataRespon":[
			{"kodeRespon":"2003","tanggalRespon":"2026-03-01","pdf_encoded":%q}]}}}`, car, pdf))
	}, nil)
	r.start()
	if _, err := r.p.Add(context.Background(), "erp", car1, ""); err != nil {
		t.Fatal(err)
	}
	doc := r.await(car1, "done", func(d Document) bool { return d.State == Done })
	if doc.Responses[0].PDF != "respon/2026-03-01_2003.pdf" || doc.Responses[0].File != "" {
		t.Errorf("got %+v", doc.Responses)
	}
	r.turn(testPace.TailEvery)
	r.await(car1, "polled again", func(d Document) bool { return d.Polls == 2 })
	if got := files(t, r.path("documents", car1, "respon")); !slices.Equal(got, []string{"2026-03-01_2003.pdf"}) {
		t.Errorf("got %v", got)
	}
}

// A document that finds no end is expired; dropping its list again tries again.
func TestExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.in.Pace.GiveUpAfter = time.Hour
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "first poll", func(d Document) bool { return d.Polls == 1 })
	r.turn(2 * time.Hour)
	doc := r.await(car1, "expired", func(d Document) bool { return d.State == Expired })
	if doc.Error == nil || doc.Error.Code != "gave_up" || !doc.NextPollAt.IsZero() {
		t.Errorf("got %+v", doc)
	}
	r.server.set(running("800"), nil)
	r.clock.advance(time.Hour)
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "tried again", func(d Document) bool { return d.State == Done })
}

// A lost journal is rebuilt from the outbox: nothing is asked before its time, and nothing is delivered again.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.unproved = true
	r.server.set(running("800", "2003"), bringing("2003"))
	r.start()
	if err := r.drop("a.txt", car1); err != nil {
		t.Fatal(err)
	}
	r.await(car1, "done", func(d Document) bool { return d.State == Done })
	r.server.set(running("110", "2020"), bringing("2020"))
	if err := r.drop("b.txt", car2); err != nil {
		t.Fatal(err)
	}
	r.await(car2, "polling", func(d Document) bool { return d.Polls == 1 })
	r.kill()
	// the ERP has taken the PDF of the first and left the rest
	if err := os.Remove(r.path("documents", car1, "respon", "2026-03-01_102003_2003.pdf")); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, r.path("documents"))
	for _, f := range files(t, r.dir) {
		if strings.HasPrefix(f, "journal.db") {
			if err := os.Remove(filepath.Join(r.dir, f)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.start()
	r.server.set(func(w http.ResponseWriter, car string) {
		if car == car1 {
			running("800", "2003", "2090")(w, car)
			return
		}
		running("800", "2020")(w, car)
	}, func(w http.ResponseWriter, car string) {
		if car == car1 {
			bringing("2003", "2090")(w, car)
			return
		}
		bringing("2020")(w, car)
	})
	eventually(t, func() bool {
		_, err := r.store.Get(context.Background(), KindList, "erp/b")
		return err == nil
	}, func() string { return "lists are not tracked again" })
	if n := len(r.server.requests("", "")); n != 4 {
		t.Errorf("%d requests before their time", n)
	}
	r.turn(testPace.TailEvery)
	r.await(car1, "the new response", func(d Document) bool { return len(d.Responses) == 2 && d.State == Done })
	r.await(car2, "done", func(d Document) bool { return d.State == Done })
	got := files(t, r.path("documents"))
	want := []string{
		car1 + "/getresbycar.json", car1 + "/respon/2026-03-01_102003_2003.json", car1 + "/respon/2026-03-01_102090_2090.json",
		car1 + "/respon/2026-03-01_102090_2090.pdf", car1 + "/status.json", car1 + "/statusrespon.json",
		car2 + "/getresbycar.json", car2 + "/respon/2026-03-01_102020_2020.json", car2 + "/respon/2026-03-01_102020_2020.pdf",
		car2 + "/status.json", car2 + "/statusrespon.json",
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	after := snapshot(t, r.path("documents"))
	for name, was := range before {
		if strings.Contains(name, "/respon/") && after[name] != was {
			t.Errorf("%s was written again", name)
		}
	}
}

// Two inboxes with one outbox may track the same number: each has a folder of its own.
func TestSharedOutbox(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.in
	other.Name = "erp2"
	r.more = []Inbox{other}
	r.server.set(running("800"), nil)
	r.start()
	for _, in := range []string{"erp", "erp2"} {
		if _, err := r.p.Poll(context.Background(), in, car1, ""); err != nil {
			t.Fatal(err)
		}
	}
	ids := []string{r.doc(car1).ID, r.doc(car1 + "~2").ID}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"erp/" + car1, "erp2/" + car1}) {
		t.Errorf("got %v", ids)
	}
}

func TestPollCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(running("110"), nil)
	r.start()
	ctx := context.Background()
	for i := 1; i <= 3; i++ { // someone asks: at once, whatever the pace
		doc, err := r.p.Poll(ctx, "erp", "'050800-000002-20240228-000822", "")
		if err != nil || doc.Polls != i || doc.Status != "110" || doc.CAR != car1 {
			t.Errorf("got %+v, %v", doc, err)
		}
	}
	if _, err := r.p.Poll(ctx, "erp", "123", ""); !errors.Is(err, ErrNumber) {
		t.Errorf("short number: %v", err)
	}
	if _, err := r.p.Poll(ctx, "nobody", car1, ""); !errors.Is(err, ErrInbox) {
		t.Errorf("no inbox: %v", err)
	}
	if err := r.p.Retry(ctx, "erp/"+car2); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
}

// A refusal of whoever asks pauses all: the others are not asked meanwhile and do not fail.
func TestRefusalPausesAll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var refuse atomic.Bool
	refuse.Store(true)
	r.server.set(func(w http.ResponseWriter, car string) {
		if refuse.Load() {
			code(403, `{"Exception":"IP"}`)(w, car)
			return
		}
		running("800")(w, car)
	}, nil)
	r.edit = func(o *Options) { o.Workers = 1 }
	r.start()
	var list strings.Builder
	for i := range 50 {
		fmt.Fprintln(&list, number(i))
	}
	if err := r.drop("a.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return r.gate.State().Paused }, func() string { return "no pause" })
	if n := len(r.server.requests("", "")); n != 1 {
		t.Errorf("%d requests", n)
	}
	refuse.Store(false)
	r.kill() // the gate waits in real time; a restart asks anew
	r.start()
	for i := range 50 {
		r.turn(time.Minute)
		r.await(number(i), "done", func(d Document) bool { return d.State == Done })
	}
}

// What the API does not describe is reported once, and stops nothing.
func TestUnknownIsReportedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.set(func(w http.ResponseWriter, car string) {
		say200(w, fmt.Sprintf(`{"status":"OK","desc":{"data":{"car":%q,"status":"800","jalur":"H","dataStatus":[
			{"kodeStatus":"4711","waktuStatus":"2026-03-01 10:00:00"},{"kodeStatus":"800","waktuStatus":"2026-03-01 09:00:00"}]}}}`, car))
	}, nil)
	r.start()
	for _, car := range []string{car1, car2} {
		if doc, err := r.p.Poll(context.Background(), "erp", car, ""); err != nil || doc.State != Done || doc.Statuses[1].KodeStatus != "4711" {
			t.Errorf("got %+v, %v", doc, err)
		}
	}
	for _, what := range []string{"unknown code in answer", "unknown field in answer"} {
		if n := r.log.count(what); n != 1 {
			t.Errorf("%q was reported %d times", what, n)
		}
	}
}

// A summary is written at most once a second, and not at all when nothing has changed.
func TestSummaryRate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.slowSummaries = true
	r.server.set(running("800"), nil)
	r.start()
	var list strings.Builder
	for i := range 40 {
		fmt.Fprintln(&list, number(i))
	}
	begin := time.Now()
	if err := r.drop("a.txt", list.String()); err != nil {
		t.Fatal(err)
	}
	versions := map[time.Time]bool{}
	eventually(t, func() bool {
		info, err := os.Stat(r.path("lists", "a", "summary.csv"))
		if err != nil {
			return false
		}
		versions[info.ModTime()] = true
		return strings.Count(read(t, r.path("lists", "a", "summary.csv")), ",done,") == 40
	}, func() string { return "no summary" })
	if most := int(time.Since(begin)/time.Second) + 1; len(versions) > most {
		t.Errorf("%d versions, more than %d", len(versions), most)
	}
}
