package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoginFailures(t *testing.T) {
	write := func(status int, body string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, row := range map[string]struct {
		answer  func(http.ResponseWriter) bool
		kind    Kind
		counted bool
	}{
		"401":                       {write(401, ``), LoginRefused, true},
		"400":                       {write(400, `{"error":"invalid_request"}`), LoginRefused, true},
		"invalid_grant with 403":    {write(403, `{"error":"invalid_grant"}`), LoginRefused, true},
		"invalid_grant with 500":    {write(500, `{"Exception":"401 : {\"error\":\"invalid_grant\"}"}`), LoginRefused, true},
		"refused with 200":          {write(200, `{"status":"failed","message":"Username atau password salah"}`), LoginRefused, true},
		"code 401 with 200":         {write(200, `{"code":"401","message":"salah"}`), LoginRefused, true},
		"403":                       {write(403, `{"message":"API key"}`), Forbidden, false},
		"404":                       {write(404, `<html>`), BadResponse, false},
		"429":                       {write(429, ``), Throttled, false},
		"500":                       {write(500, ``), Server, false},
		"503":                       {write(503, `<html>maintenance</html>`), Unavailable, false},
		"HTML":                      {write(200, `<html>hello</html>`), BadResponse, false},
		"success without a token":   {write(200, `{"status":"success","item":{}}`), BadResponse, false},
		"the gateway's own message": {write(200, `{"Exception":"upstream"}`), BadResponse, false},
		"redirect":                  {write(302, ``), BadResponse, false},
		"cut":                       {func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, Network, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			a.onLogin = row.answer
			c := a.client(nil)
			e := failed(t, c, post("x"))
			if e.Kind != row.kind || e.Unknown || e.Op != "login" {
				t.Errorf("%+v", e)
			}
			if e.Kind == Throttled && e.RetryAfter != 9*time.Second {
				t.Errorf("retry after %v", e.RetryAfter)
			}
			for range 5 {
				_ = failed(t, c, post("x"))
			}
			want := 6
			if row.counted {
				want = 3
			}
			if n := a.counts(); n != [3]int{want, 0, 0} {
				t.Errorf("logins, refreshes, calls: %v", n)
			}
		})
	}
}

func TestLoginNotReached(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	c := a.client(func(o *Options) { o.Login.URL = deadAddress(t) + "/login" })
	if e := failed(t, c, post("x")); e.Kind != Network || e.Unknown || e.Op != "login" {
		t.Errorf("%+v", e)
	}
	c = a.client(func(o *Options) { o.Login.URL, o.Timeout = serveRaw(t, block)+"/login", stall })
	if e := failed(t, c, post("x")); e.Kind != Timeout || e.Unknown || e.Op != "login" {
		t.Errorf("%+v", e)
	}
}

// At most three refused logins in any hour, whoever restarts and whenever.
func TestGuardAcrossRestarts(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	file := filepath.Join(t.TempDir(), "token.json")
	restart := func() *Client {
		return a.client(func(o *Options) { o.Login.Password, o.Now, o.TokenCache = "wrong-password", clk.now, file })
	}
	var at []time.Time
	for range 50 {
		before := a.counts()[0]
		e := failed(t, restart(), post("x"))
		if e.Kind != LoginRefused {
			t.Fatalf("%+v", e)
		}
		if a.counts()[0] > before {
			at = append(at, clk.now())
		} else if e.RetryAfter <= 0 || e.RetryAfter > time.Hour+time.Minute || !strings.Contains(e.Error(), "T") {
			t.Errorf("the guard does not say until when: %+v", e)
		}
		clk.add(5 * time.Minute)
	}
	if len(at) < 10 {
		t.Errorf("only %d logins in 250 minutes", len(at))
	}
	for i := 3; i < len(at); i++ {
		if d := at[i].Sub(at[i-3]); d <= time.Hour {
			t.Errorf("four logins within %v", d)
		}
	}
	// Changed credentials start anew.
	mustDo(t, a.client(func(o *Options) { o.Now, o.TokenCache = clk.now, file }))
}

// A process that dies while a login is under way, after a refusal, has counted it.
func TestGuardCountsLoginsCutShort(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	file := filepath.Join(t.TempDir(), "token.json")
	client := func() *Client {
		return a.client(func(o *Options) { o.Login.Password, o.Now, o.TokenCache = "wrong-password", clk.now, file })
	}
	_ = failed(t, client(), post("x"))
	for range 2 { // two processes that get no further than sending
		clk.add(time.Second)
		client().auth.(*session).beforeLogin()
	}
	clk.add(time.Second)
	e := failed(t, client(), post("x"))
	if n := a.counts()[0]; n != 1 || e.Kind != LoginRefused || e.RetryAfter == 0 {
		t.Errorf("%d logins, %+v", n, e)
	}
}

// A clock that was a year ahead must not keep the agent out for a year.
func TestGuardWithAClockSetBack(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	file := filepath.Join(t.TempDir(), "token.json")
	client := func() *Client {
		return a.client(func(o *Options) { o.Login.Password, o.Now, o.TokenCache = "wrong-password", clk.now, file })
	}
	c := client()
	for range 3 {
		_ = failed(t, c, post("x"))
	}
	clk.add(-365 * 24 * time.Hour)
	for range 3 { // the refusals stay three however often they are read
		if e := failed(t, client(), post("x")); e.RetryAfter == 0 || e.RetryAfter > time.Hour+time.Minute {
			t.Errorf("%+v", e)
		}
	}
	clk.add(time.Hour + 2*time.Second)
	_ = failed(t, client(), post("x"))
	if n := a.counts()[0]; n != 4 {
		t.Errorf("%d logins", n)
	}
}

// One who gives up does not take the login away from the others; when all have, it is given up.
func TestGivingUpWhileALoginIsUnderWay(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	a := newAccount(t)
	a.onLogin = func(http.ResponseWriter) bool {
		arrived <- struct{}{}
		<-release
		return false
	}
	c := a.client(nil)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() { _, err := c.Do(ctx, post("hello")); first <- err }()
	<-arrived
	go func() { _, err := c.Do(t.Context(), post("hello")); second <- err }()
	waitUntil(t, func() bool {
		s := c.auth.(*session)
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.renewal.waiting == 2
	})
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who gave up: %v", err)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the other: %v", err)
	}
	if n := a.counts()[0]; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestLoginIsGivenUpWithItsLastCaller(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		<-r.Context().Done()
		close(gone)
	})
	c := newTestClient(t, s.URL, func(o *Options) {
		o.Token, o.Login = "", &Login{URL: s.URL + "/login", Username: "u", Password: "password"}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Authenticate(ctx) }()
	<-arrived
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-gone
}
