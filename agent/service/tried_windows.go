package service

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/windows/svc"
)

// trialWithin is how long a service may be busy with a trial.
const trialWithin = 5 * time.Minute

// trialWord begins the words with which a service is started for a trial and not for its work.
const trialWord = "--try"

// trial is a command that a service runs instead of its work. What it writes goes to an address of this machine, where the
// administrator listens who has asked for it: only they can start a service, and with the words of their choice.
type trial struct {
	address, token string
	locale         string // of the reader
	args           []string
}

func (t trial) words() []string {
	return append([]string{trialWord, t.address, t.token, t.locale}, t.args...)
}

// trialOf finds a trial among the words that a service was started with.
func trialOf(words []string) (t trial, asked bool) {
	i := slices.Index(words, trialWord)
	if i < 0 || len(words) < i+4 {
		return trial{}, false
	}
	return trial{words[i+1], words[i+2], words[i+3], words[i+4:]}, true
}

// word is one message from the service's process: first the token, then what it writes, last its exit code.
type word struct {
	Token string `json:",omitempty"`
	Out   []byte `json:",omitempty"`
	Err   []byte `json:",omitempty"`
	Code  *int   `json:",omitempty"`
}

// try runs a trial. The service is starting for as long as that takes: it never works.
func (h *handler) try(t trial, requests <-chan svc.ChangeRequest, status chan<- svc.Status) {
	status <- svc.Status{State: svc.StartPending, WaitHint: millis(trialWithin)}
	ctx, cancel := context.WithTimeout(h.ctx, trialWithin)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.answer(ctx, t) }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				h.report(fmt.Errorf("try a command as the service: %w", err))
			}
			return
		case r := <-requests:
			if r.Cmd == svc.Interrogate {
				status <- r.CurrentStatus
			}
		}
	}
}

// answer runs the command and tells the one who asked for it. It gives up when they have gone.
func (h *handler) answer(ctx context.Context, t trial) error {
	conn, err := (&net.Dialer{Timeout: readyWithin}).DialContext(ctx, "tcp", t.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		_, _ = conn.Read(make([]byte, 1)) // nothing is ever sent: it returns when the other side has gone
	}()
	if err := os.Setenv("LC_ALL", t.locale); err != nil {
		return err
	}
	to := &sayer{to: json.NewEncoder(conn)}
	if err := to.say(word{Token: t.token}); err != nil {
		return err
	}
	code := h.job.Command(ctx, t.args, stream{to, func(b []byte) word { return word{Out: b} }},
		stream{to, func(b []byte) word { return word{Err: b} }})
	return to.say(word{Code: &code})
}

// sayer sends one message after the other.
type sayer struct {
	mu sync.Mutex
	to *json.Encoder
}

func (s *sayer) say(w word) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Encode(w)
}

// stream is standard output or standard error of the command.
type stream struct {
	to *sayer
	as func([]byte) word
}

// Write implements io.Writer.
func (s stream) Write(b []byte) (int, error) {
	if err := s.to.say(s.as(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}
