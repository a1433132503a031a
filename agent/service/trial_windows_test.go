package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// asked plays Windows' service manager to a handler that is started with these words.
func asked(t *testing.T, job Job, words []string) manager {
	t.Helper()
	h := &handler{ctx: t.Context(), name: "kurir-test", job: job}
	m := manager{make(chan svc.ChangeRequest), make(chan svc.Status, 10), make(chan uint32, 1)}
	go func() {
		_, code := h.Execute(words, m.requests, m.status)
		m.ended <- code
	}()
	return m
}

// listening is where the one who asks waits for the service's process.
func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTrial(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	l := listening(t)
	job := Job{
		Work: func(context.Context, func()) error { t.Error("it works instead"); return nil },
		Command: func(_ context.Context, args []string, stdout, stderr io.Writer) int {
			fmt.Fprintf(stdout, "asked for %q", args)
			fmt.Fprint(stderr, "complaint")
			return 7
		},
	}
	m := asked(t, job, append([]string{"kurir-test"}, trial{l.Addr().String(), "secret", "id_ID", []string{"check", "--json"}}.words()...))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	from := known(t.Context(), conn, "secret")
	if from == nil {
		t.Fatal("it does not know the token")
	}
	var stdout, stderr strings.Builder
	code, err := relay(from, &stdout, &stderr)
	from.close()
	if err != nil || code != 7 || stdout.String() != `asked for ["check" "--json"]` || stderr.String() != "complaint" {
		t.Errorf("got %d, %v, %q, %q", code, err, stdout.String(), stderr.String())
	}
	if code := <-m.ended; code != 0 {
		t.Errorf("the service ended with %d", code)
	}
	if st := <-m.status; st.State != svc.StartPending || len(m.status) > 0 {
		t.Errorf("the service was %+v and then something else", st)
	}
}

// Whoever asked has gone: the process does not go on for nobody.
func TestTrialThatNobodyWaitsFor(t *testing.T) {
	l := listening(t)
	job := Job{Command: func(ctx context.Context, _ []string, _, _ io.Writer) int { <-ctx.Done(); return 1 }}
	m := asked(t, job, append([]string{"kurir-test"}, trial{address: l.Addr().String(), token: "secret"}.words()...))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	known(t.Context(), conn, "secret").close()
	if code := <-m.ended; code != 0 {
		t.Errorf("the service ended with %d", code)
	}
}

func TestStrangersAreNotHeard(t *testing.T) {
	l := listening(t)
	for _, line := range []string{`{"Token":"guessed"}`, `{}`, `nonsense`, ``} {
		stranger, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(stranger, line)
		_ = stranger.Close()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if known(t.Context(), conn, "secret") != nil {
			t.Errorf("%q was let in", line)
		}
	}
}

func TestTrialOf(t *testing.T) {
	want := trial{"127.0.0.1:1", "secret", "en_US", []string{"check"}}
	got, is := trialOf(append([]string{"kurir"}, want.words()...))
	if !is || got.address != want.address || got.token != want.token || got.locale != want.locale || !slices.Equal(got.args, want.args) {
		t.Errorf("got %+v, %t", got, is)
	}
	for _, words := range [][]string{nil, {"kurir"}, {"kurir", trialWord}, {"kurir", trialWord, "a", "b"}} {
		if _, is := trialOf(words); is {
			t.Errorf("%q is taken for a trial", words)
		}
	}
}

func TestWhyAServiceIsNotTried(t *testing.T) {
	s, _ := newService(t)
	for _, tc := range []struct {
		from error
		is   error
		says string
	}{
		{windows.ERROR_SERVICE_ALREADY_RUNNING, ErrAtWork, "at work"},
		{windows.ERROR_SERVICE_LOGON_FAILED, windows.ERROR_SERVICE_LOGON_FAILED, "Log on as a service"},
		{windows.ERROR_ACCESS_DENIED, windows.ERROR_ACCESS_DENIED, `copy the program to C:\Program Files\kurir`},
		{windows.ERROR_SERVICE_DISABLED, ErrUntried, ""},
	} {
		if err := s.unstarted(tc.from, `C:\x\kurir.exe`); !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%v becomes %v", tc.from, err)
		}
	}
}
