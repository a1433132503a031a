package alarm

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
)

// TestMain sees to it that no word leaves this machine.
func TestMain(m *testing.M) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"} {
		os.Setenv(name, closed.URL)
	}
	os.Exit(m.Run())
}

func receiver(t *testing.T, address string) Receiver {
	t.Helper()
	rs, errs := NewReceivers([]string{address})
	if errs[0] != nil {
		t.Fatalf("%s: %v", address, errs[0])
	}
	return rs[0]
}

func TestWebhook(t *testing.T) {
	bodies := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- b
	}))
	defer server.Close()
	r := receiver(t, "generic+"+server.URL+"/hook?template=json")
	if err := r.Send(t.Context(), Message{Title: "kurir on pc-1", Text: "NEEDS ACTION\nsecond line"}); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(<-bodies, &got); err != nil || got["title"] != "kurir on pc-1" || got["message"] != "NEEDS ACTION\nsecond line" {
		t.Errorf("got %v, %v", got, err)
	}
	if r.Name != "generic 1" || r.Service != "generic" {
		t.Errorf("it is called %q, %q", r.Name, r.Service)
	}
}

func TestTelegram(t *testing.T) {
	type call struct {
		path string
		body map[string]any
	}
	calls := make(chan call, 4)
	answer := `{"ok":true}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{path: r.URL.Path}
		_ = json.NewDecoder(r.Body).Decode(&c.body)
		calls <- c
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	to, err := locate("telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane,-100:7&notification=no")
	if err != nil || len(to) != 2 {
		t.Fatalf("two chats are %d receivers, %v", len(to), err)
	}
	var out *telegrammer
	for i, want := range []string{
		`{"chat_id":"@lane","disable_notification":true,"text":"title\n\na \u003cb\u003e"}`,
		`{"chat_id":"-100","disable_notification":true,"message_thread_id":7,"text":"title\n\na \u003cb\u003e"}`,
	} {
		out = &telegrammer{api: server.URL, to: to[i].(*telegram.Service).Config, http: server.Client()}
		if err := out.send(t.Context(), Message{Title: "title", Text: "a <b>"}); err != nil {
			t.Fatal(err)
		}
		c := <-calls
		if b, _ := json.Marshal(c.body); string(b) != want || c.path != "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage" {
			t.Errorf("got %s at %s, want %s", b, c.path, want)
		}
	}
	answer = `{"ok":false,"description":"chat not found"}`
	if err := out.send(t.Context(), Message{}); err == nil || !strings.Contains(err.Error(), "chat not found") {
		t.Errorf("a refusal is %v", err)
	}
	server.Close()
	if err := out.send(t.Context(), Message{}); err == nil {
		t.Error("without a network it passes for delivered")
	}
}

// TestNoNetwork sends through every service when nothing can be reached: none may take that for delivered.
func TestNoNetwork(t *testing.T) {
	for _, address := range []string{
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane", "discord://token@4711",
		"slack://xoxb:123456789012-1234567890123-4mt0t4l1YL3g1T5L4cK70k3N@C001", "ntfy://ntfy.invalid/topic",
		"gotify://gotify.invalid/Aaa.bbb.ccc.ddd", "mattermost://mattermost.invalid/token", "pushover://shoutrrr:token@user",
		"googlechat://chat.invalid/v1/spaces/FOO/messages?key=bar&token=baz", "generic+https://hook.invalid/x",
		"rocketchat://user@rocketchat.invalid/token/token2/channel", "zulip://bot%40zulip.invalid:word@zulip.invalid?stream=a&topic=b",
		"opsgenie://api.opsgenie.invalid/token", "pushbullet://tokentokentokentokentokentokentoke", "join://shoutrrr:key@join/?devices=a",
		"ifttt://key/?events=event1", "bark://:token@bark.invalid/", "smtp://127.0.0.1:1/?from=a@b.c&to=d@e.f",
		"wecom://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", "lark://open.larksuite.com/token?secret=sss",
		"signal://signal.invalid:8080/+1234567890/+1234567891", "pagerduty://events.pagerduty.invalid/eb243592faa24ba2a5511afdf565c889",
		"notifiarr://key?channel=123", "teams://11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05?host=test.webhook.office.com",
	} {
		r, errs := NewReceivers([]string{address})
		if errs[0] != nil {
			t.Errorf("%s: %v", address, errs[0])
			continue
		}
		if err := r[0].Send(t.Context(), Message{Title: "title", Text: "text"}); err == nil {
			t.Errorf("%s passes for delivered", address)
		} else {
			t.Log(err)
		}
	}
}

// TestSecrets makes every way fail in which an address could be shown, and looks for what is secret in it.
func TestSecrets(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no "+r.URL.String(), http.StatusForbidden)
	}))
	closed := httptest.NewServer(nil)
	closed.Close()
	defer refusing.Close()
	secrets := []string{"110201543", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "hunter2secret", "s3cr3tpath", "Gx9pQvalue", "botid4711"}
	for _, address := range []string{
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane",
		"generic+" + refusing.URL + "/s3cr3tpath?key=Gx9pQvalue",
		"generic+" + closed.URL + "/s3cr3tpath?key=Gx9pQvalue",
		"smtp://anna:hunter2secret@" + closed.Listener.Addr().String() + "/?from=a@example.com&to=b@example.com",
		"discord://hunter2secret@botid4711",
	} {
		err := receiver(t, address).Send(t.Context(), Message{Title: "title", Text: "text"})
		if err == nil {
			t.Errorf("%s: went through", address)
			continue
		}
		t.Log(err)
		for _, s := range secrets {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%s: the error tells %q: %v", address, s, err)
			}
		}
	}
	for _, address := range []string{
		"telegram://hunter2secret", "telegramm://hunter2secret@telegram", "smtp://anna:hunter2secret@host:port/?to=s3cr3tpath",
		"generic://%zzhunter2secret", "logger://hunter2secret", "generic+ftp://anna:hunter2secret@x/%", "hunter2secret", "",
		"slack://hunter2secret@", "matrix://anna:hunter2secret@?rooms=s3cr3tpath", "gotify://h/hunter2secret/%",
	} {
		_, errs := NewReceivers([]string{address})
		t.Log(errs[0])
		for _, s := range secrets {
			if errs[0] != nil && strings.Contains(errs[0].Error(), s) {
				t.Errorf("%s: the error tells %q: %v", address, s, errs[0])
			}
		}
	}
	if _, errs := NewReceivers([]string{"telegramm://hunter2secret@telegram"}); errs[0] == nil {
		t.Error("an unknown service is taken")
	}
}

// mailServer runs a real, if small, mail server on this machine, which knows no mailbox that begins with "gone", and
// returns its address.
func mailServer(t *testing.T) (string, <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	letters := make(chan string, 64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveMail(textproto.NewConn(c), letters)
		}
	}()
	return l.Addr().String(), letters
}

// TestMail finds letters in a mail server.
func TestMail(t *testing.T) {
	address, letters := mailServer(t)
	rs, errs := NewReceivers([]string{"smtp://" + address + "/?from=kurir@example.com&to=it@example.com,ops@example.com&usestarttls=no"})
	if errs[0] != nil || len(rs) != 2 {
		t.Fatalf("two mailboxes are %d receivers, %v", len(rs), errs[0])
	}
	for i, to := range []string{"it@example.com", "ops@example.com"} {
		if err := rs[i].Send(t.Context(), Message{Title: "kurir on pc-1: 1 alarm(s)", Text: "NEEDS ACTION: api t2g\n.dots\nAction"}); err != nil {
			t.Fatal(err)
		}
		letter := <-letters
		for _, want := range []string{"RCPT TO:<" + to + ">\n", "\nSubject: kurir on pc-1: 1 alarm(s)\n", "\nNEEDS ACTION: api t2g\n.dots\nAction"} {
			if !strings.Contains(letter, want) {
				t.Errorf("the letter to %s has no %q:\n%s", to, want, letter)
			}
		}
		if n := len(letters); n > 0 {
			t.Errorf("%d more letters than one to %s", n, to)
		}
	}
}

// TestSeveralAtOneAddress looks at the receivers that come of addresses which name several.
func TestSeveralAtOneAddress(t *testing.T) {
	for address, want := range map[string]string{
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane":       "telegram 1",
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane,-1001": "telegram 1/1, telegram 1/2",
		"smtp://mail.example.com/?from=a@b.c&to=d@e.f,g@h.i,j@k.l":                           "smtp 1/1, smtp 1/2, smtp 1/3",
		"ifttt://key/?events=one,two":                                                        "ifttt 1/1, ifttt 1/2",
		"pushbullet://tokentokentokentokentokentokentoke/device/%23channel":                  "pushbullet 1/1, pushbullet 1/2",
		"signal://signal.invalid:8080/+1234567890/+1234567891/+1234567892":                   "signal 1", // one message for all
	} {
		rs, errs := NewReceivers([]string{address})
		var names []string
		for _, r := range rs {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, ", "); errs[0] != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", address, got, errs[0], want)
		}
	}
}

// TestOneBadMailbox has an alarm begin, last and end for two mailboxes, of which the first is gone: the other is told of it
// once, and of its end, as if it were alone.
func TestOneBadMailbox(t *testing.T) {
	address, letters := mailServer(t)
	rs, errs := NewReceivers([]string{"smtp://" + address + "/?from=kurir@example.com&to=gone@example.com,it@example.com&usestarttls=no"})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	arrived := func() (subjects []string) {
		for len(letters) > 0 {
			letter := <-letters
			_, rest, _ := strings.Cut(letter, "\nSubject: ")
			subject, _, _ := strings.Cut(rest, "\n")
			subjects = append(subjects, subject)
			if !strings.Contains(letter, "RCPT TO:<it@example.com>\n") {
				t.Errorf("a letter to someone else:\n%s", letter)
			}
		}
		return subjects
	}
	record := filepath.Join(t.TempDir(), "alarms.json")
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, record)
		s.set(refused())
		s.startWith(rs...)
		s.pass(3 * time.Hour)
		if got := arrived(); !slices.Equal(got, []string{"kurir on pc-1: 1 alarm(s)"}) {
			t.Errorf("in three hours came %q", got)
		}
		s.set(Facts{})
		s.pass(time.Hour)
		if got := arrived(); !slices.Equal(got, []string{"kurir on pc-1: 1 alarm(s) over"}) {
			t.Errorf("at the end came %q", got)
		}
		s.stop()
		if log := s.log.String(); !strings.Contains(log, `receiver="smtp 1/1"`) || strings.Contains(log, `receiver="smtp 1/2"`) ||
			strings.Contains(log, "gone@example.com") {
			t.Errorf("logged:\n%s", log)
		}
	})
}

// serveMail speaks as much of SMTP (RFC 5321) as a sender without a password needs, and hands on each letter with its
// envelope.
func serveMail(c *textproto.Conn, letters chan<- string) {
	defer c.Close()
	var envelope strings.Builder
	_ = c.PrintfLine("220 mail.example.com")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO", "HELO", "RSET", "NOOP":
			_ = c.PrintfLine("250 mail.example.com")
		case "RCPT":
			if strings.Contains(line, "<gone") {
				_ = c.PrintfLine("550 no such mailbox")
				continue
			}
			fallthrough
		case "MAIL":
			envelope.WriteString(line + "\n")
			_ = c.PrintfLine("250 ok")
		case "DATA":
			_ = c.PrintfLine("354 go on")
			body, err := c.ReadDotLines()
			if err != nil {
				return
			}
			letters <- envelope.String() + strings.Join(body, "\n")
			envelope.Reset()
			_ = c.PrintfLine("250 taken")
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			_ = c.PrintfLine("502 unknown")
		}
	}
}

// TestReceiverThatNeverAnswers sees that such a one costs no more than its own time.
func TestReceiverThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		send := bounded(func(context.Context, Message) error { <-release; return nil }, scrubber("generic://x"))
		for n := range mostHung + 1 {
			began := time.Now()
			if err := send(t.Context(), Message{}); err == nil {
				t.Error("it passes for delivered")
			}
			if took := time.Since(began); n < mostHung && took != sendWithin || n == mostHung && took != 0 {
				t.Errorf("attempt %d took %v", n, took)
			}
		}
		close(release)
		synctest.Wait()
		if err := send(t.Context(), Message{}); err != nil {
			t.Errorf("once it answers: %v", err)
		}
	})
}
