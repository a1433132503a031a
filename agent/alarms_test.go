package agent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"kurir/agent/control"
)

// overview reads the agent's status.
func (h *house) overview() control.Overview {
	h.t.Helper()
	_, b := h.get("/api/v1/status")
	var o control.Overview
	if err := json.Unmarshal(b, &o); err != nil {
		h.t.Fatal(err)
	}
	return o
}

// alarms are those that stand, but what this machine's own disk gives cause for.
func (h *house) alarms() []control.Problem {
	h.t.Helper()
	return slices.DeleteFunc(h.overview().Alarms, func(p control.Problem) bool { return p.Code == "disk_low" })
}

// TestAlarmReachesItsReceiver refuses the login of a real agent, sees who is told and how, lets it be restarted, and in
// again.
func TestAlarmReachesItsReceiver(t *testing.T) {
	messages := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		messages <- r.URL.Path + " " + string(b)
	}))
	defer hook.Close()
	h := newHouse(t)
	h.password = "wrong"
	h.more = fmt.Sprintf("alarms: {notify: [\"generic+%s/s3cr3t-path?template=json\"]}", hook.URL)
	h.start()
	h.dropSet("AWB1")
	var message string
	h.await("a message", func() bool {
		select {
		case message = <-messages:
		default:
		}
		return strings.Contains(message, "api beacukai")
	})
	for _, want := range []string{"/s3cr3t-path ", "NEEDS ACTION: api beacukai", "The server refused the login or the token.", "Action (IT): Check"} {
		if !strings.Contains(message, want) {
			t.Errorf("the message has no %q: %s", want, message)
		}
	}
	o := h.overview()
	o.Alarms = h.alarms()
	if len(o.Alarms) != 1 || o.Alarms[0].Subject != "api beacukai" || o.Alarms[0].Code != "api_refused" ||
		o.Alarms[0].Action == "" || o.Alarms[0].Since.IsZero() {
		t.Errorf("the status has %+v", o.Alarms)
	}
	if words := o.Alarms[0].Words; !strings.Contains(words["id"].Message, "ditolak") || words["id"].Action == "" || words["en"].Message != o.Alarms[0].Message {
		t.Errorf("in both languages: %+v", words)
	}
	h.await("the metrics to show it", func() bool {
		_, b := h.get("/metrics")
		return strings.Contains(string(b), "\nkurir_alarms{code=\"api_refused\"} 1\n") &&
			strings.Contains(string(b), "\nkurir_notifications_total{result=\"sent\",service=\"generic\"} 1\n") &&
			strings.Contains(string(b), "\nkurir_api_paused{api=\"beacukai\"} 1\n")
	})
	h.await("who was told to be remembered", func() bool {
		b, err := os.ReadFile(h.path("data/alarms.json"))
		return err == nil && strings.Contains(string(b), `"generic 1"`)
	})

	h.stop()
	h.start()
	h.await("the alarm after the restart", func() bool { return len(h.alarms()) == 1 })
	h.await("the refusal after the restart", func() bool { return h.overview().APIs[0].State == control.APIPaused })
	select {
	case m := <-messages:
		t.Errorf("told again after the restart: %s", m)
	default:
	}
	for _, path := range []string{"/metrics", "/api/v1/logs", "/api/v1/status"} {
		if _, b := h.get(path); strings.Contains(string(b), "s3cr3t") {
			t.Errorf("%s shows the address of the receiver", path)
		}
	}
}

// TestLogsAndMetricsAreGuarded asks as a page of a foreign site would, and for what is not there.
func TestLogsAndMetricsAreGuarded(t *testing.T) {
	h := newHouse(t)
	h.start()
	for _, path := range []string{"/metrics", "/api/v1/logs"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.address()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "foreign.example"
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s under a foreign name: %s", path, res.Status)
		}
	}
	for path, want := range map[string]int{
		"/api/v1/logs?level=loud": 400, "/api/v1/logs?after=x": 400, "/api/v1/logs?limit=0": 400, "/debug/pprof/": 404,
	} {
		if status, b := h.get(path); status != want {
			t.Errorf("%s: %d %s", path, status, b)
		}
	}
	h.dropSet("AWB1")
	var last control.LogLine
	lines := func(query string) []control.LogLine {
		_, b := h.get("/api/v1/logs" + query)
		var log control.Log
		if err := json.Unmarshal(b, &log); err != nil || log.Lines == nil {
			t.Fatalf("%s: %v", b, err)
		}
		return log.Lines
	}
	h.await("the line of the set", func() bool {
		for _, l := range lines("") {
			if l.Message == "set sent" {
				last = l
			}
		}
		return last.Seq > 0
	})
	if last.Level != "info" || last.Attrs["id"] != "lane-1/AWB1" || last.Attrs["images"] != 2.0 || last.Time.IsZero() {
		t.Errorf("the line is %+v", last)
	}
	for _, l := range lines(fmt.Sprintf("?after=%d", last.Seq)) {
		if l.Seq <= last.Seq {
			t.Errorf("after %d comes %d", last.Seq, l.Seq)
		}
	}
	for _, l := range lines("?level=warn") {
		if l.Level == "info" || l.Level == "debug" {
			t.Errorf("level warn has %+v", l)
		}
	}
}
