package agent_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"kurir/agent/control"
)

// standing returns the alarms of a code.
func (h *house) standing(code string) []control.Problem {
	h.t.Helper()
	return slices.DeleteFunc(h.overview().Alarms, func(p control.Problem) bool { return p.Code != code })
}

// list puts a list into the inbox erp.
func (h *house) list(name, content string) {
	h.t.Helper()
	if err := os.WriteFile(h.path("in/erp/"+name), []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// TestAlarmsOfLists: a list that cannot be read and a document that comes to no end are told of, in both languages and
// after a restart too.
func TestAlarmsOfLists(t *testing.T) {
	h := newHouse(t)
	h.url = "http://127.0.0.1:1" // nobody answers: no document comes to an end
	h.aju = ", poll: {first: 50ms, max: 50ms, give_up_after: 100ms}, kode_dokumen: \"30\""
	h.start()
	h.list("monday.json", `{"car": 1}`)
	h.list("tuesday.txt", "05080000000220240228000822\n")
	for _, code := range []string{"list_refused", "expired"} {
		h.await(code, func() bool { return len(h.standing(code)) == 1 })
	}
	check := func() {
		t.Helper()
		for code, want := range map[string][2]string{
			"list_refused": {"erp/monday", "operator"}, "expired": {"erp/05080000000220240228000822", "broker"},
		} {
			stands := h.standing(code)
			if len(stands) != 1 || stands[0].Subject != "inbox erp" || stands[0].WhoActs != want[1] {
				t.Errorf("%s: %+v", code, stands)
				continue
			}
			words := stands[0].Words
			if !strings.Contains(words["id"].Message, want[0]) || !strings.Contains(words["en"].Message, want[0]) ||
				words["en"].Message != stands[0].Message || words["id"].Message == words["en"].Message {
				t.Errorf("%s has the words %+v", code, words)
			}
		}
		if n := len(h.alarms()); n != 2 {
			t.Errorf("%d alarms", n)
		}
	}
	check()
	h.stop()
	h.start()
	h.await("the journal to be recalled", func() bool {
		stands := append(h.standing("list_refused"), h.standing("expired")...)
		return len(stands) == 2 && stands[0].Words != nil && stands[1].Words != nil
	})
	check()
}

// TestListsThatWaitAreSeen: a list that cannot be taken, as one that a spreadsheet holds open, is counted as waiting until it is
// taken, or taken away; the metrics do not call it a document.
func TestListsThatWaitAreSeen(t *testing.T) {
	h := newHouse(t)
	if err := os.MkdirAll(h.path("out/t2g"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.path("out/t2g/lists"), nil, 0o644); err != nil { // no list can be moved there
		t.Fatal(err)
	}
	h.start()
	erp := func() control.Inbox {
		in := h.overview().Inboxes
		return in[len(in)-1]
	}
	h.list("monday.txt", "05080000000220240228000822\n")
	h.list("tuesday.txt", "05080000000220240228000823\n")
	h.await("both lists wait", func() bool { return erp().Counts["waiting"] == 2 && !erp().OldestWaiting.IsZero() })
	if _, page := h.get("/metrics"); !strings.Contains(string(page), `kurir_documents{inbox="erp"`) || strings.Contains(string(page), `kurir_documents{inbox="erp",state="waiting"`) {
		t.Errorf("the metrics have documents that wait:\n%s", page)
	}
	if err := os.Remove(h.path("in/erp/tuesday.txt")); err != nil {
		t.Fatal(err)
	}
	h.await("one list waits", func() bool { return erp().Counts["waiting"] == 1 })
	if err := os.Remove(h.path("out/t2g/lists")); err != nil {
		t.Fatal(err)
	}
	h.await("no list waits", func() bool { return erp().Counts["waiting"] == 0 && erp().OldestWaiting.IsZero() })
	if left, err := os.ReadDir(h.path("in/erp")); err != nil || len(left) > 0 {
		t.Errorf("the inbox holds %v: %v", left, err)
	}
}
