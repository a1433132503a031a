package check_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kurir/agent/cli/check"
	"kurir/agent/config"
)

func TestReceiversOfAlarms(t *testing.T) {
	told := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- string(b)
	}))
	defer hook.Close()
	s := newSite(t, server(t).URL)
	if _, there := s.run(t)["alarms/notify"]; there {
		t.Error("a receiver is looked for where none is named")
	}
	s.cfg.Alarms.Notify = []config.Secret{config.Secret("generic+" + hook.URL + "/hook?template=json")}
	expect(t, s.run(t), "alarms/notify", check.OK, "generic 1")
	if len(told) > 0 {
		t.Error("a message was sent without being asked for")
	}
	s.notify = true
	expect(t, s.run(t), "alarms/notify", check.OK, "generic 1: a test message was sent")
	if message := <-told; !strings.Contains(message, "kurir's alarms will arrive here") {
		t.Errorf("sent %s", message)
	}
	hook.Close()
	expect(t, s.run(t), "alarms/notify", check.Fail, "generic 1: ")
	s.notify = false
	s.cfg.Alarms.Notify = []config.Secret{"telegramm://geheim@telegram"}
	results := s.run(t)
	expect(t, results, "alarms/notify", check.Fail, "alarms.notify[0]: its beginning names no known service")
	if strings.Contains(results["alarms/notify"].Detail, "geheim") {
		t.Error("the address is shown")
	}
}
