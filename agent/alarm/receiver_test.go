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
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
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
	to, err := (&router.ServiceRouter{}).Locate("telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@lane,-100:7&notification=no")
	if err != nil {
		t.Fatal(err)
	}
	out := &telegrammer{api: server.URL, to: to.(*telegram.Service).Config, http: server.Client()}
	if err := out.send(t.Context(), Message{Title: "title", Text: "a <b>"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"chat_id":"@lane","disable_notification":true,"text":"title\n\na \u003cb\u003e"}`,
		`{"chat_id":"-100","disable_notification":true,"message_thread_id":7,"text":"title\n\na \u003cb\u003e"}`,
	} {
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

// TestMail sends to a real, if small, mail server, and finds letters in it.
func TestMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	letters := make(chan string, 4)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveMail(textproto.NewConn(c), letters)
		}
	}()
	r := receiver(t, "smtp://"+l.Addr().String()+"/?from=kurir@example.com&to=it@example.com,ops@example.com&usestarttls=no")
	if err := r.Send(t.Context(), Message{Title: "kurir on pc-1: 1 alarm(s)", Text: "NEEDS ACTION: api t2g\n.dots\nAction"}); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"it@example.com", "ops@example.com"} {
		letter := <-letters
		for _, want := range []string{"RCPT TO:<" + to + ">\n", "\nSubject: kurir on pc-1: 1 alarm(s)\n", "\nNEEDS ACTION: api t2g\n.dots\nAction"} {
			if !strings.Contains(letter, want) {
				t.Errorf("the letter to %s has no %q:\n%s", to, want, letter)
			}
		}
	}
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
		case "MAIL", "RCPT":
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
