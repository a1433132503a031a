package poll

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kurir/agent/journal"
	"kurir/agent/reason"
)

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
