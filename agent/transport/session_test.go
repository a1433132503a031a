package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// account is a server with a login: it hands out tokens token-1, token-2, ... of which only the last is valid.
type account struct {
	*httptest.Server
	mu        sync.Mutex
	issued    int
	logins    int
	refreshes int
	calls     int
	rejected  int
	format    string                           // of a token answer: access token, refresh token
	onLogin   func(w http.ResponseWriter) bool // true: it has answered
	onRefresh func(w http.ResponseWriter) bool
	refused   map[string]bool // tokens that are no longer accepted
	t         *testing.T
}

const itemFormat = `{"status":"success","item":{"access_token":%q,"expires_in":300,"refresh_expires_in":86400,"refresh_token":%q}}`

func newAccount(t *testing.T) *account {
	a := &account{t: t, format: itemFormat, refused: map[string]bool{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.UserAgent() != "kurir/test" || r.Header.Get("Beacukai-Api-Key") != "key-of-the-test" {
		a.t.Errorf("%s: user agent %q, key %q", r.URL.Path, r.UserAgent(), r.Header.Get("Beacukai-Api-Key"))
	}
	switch r.URL.Path {
	case "/login":
		a.logins++
		var l map[string]string
		if json.Unmarshal(body, &l) != nil || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "" {
			a.t.Errorf("login: %q %v", body, r.Header)
		}
		switch {
		case a.onLogin != nil && a.onLogin(w):
		case l["username"] != "user" || l["password"] != "right-password":
			w.WriteHeader(401)
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"Invalid user credentials"}`)
		default:
			a.issue(w)
		}
	case "/refresh":
		a.refreshes++
		if r.Header.Get("Authorization") != fmt.Sprintf("refresh-%d", a.issued) || len(body) != 0 {
			a.t.Errorf("refresh: Authorization %q, body %q", r.Header.Get("Authorization"), body)
		}
		if a.onRefresh == nil || !a.onRefresh(w) {
			a.issue(w)
		}
	default:
		a.calls++
		tok := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if tok != fmt.Sprintf("token-%d", a.issued) || a.refused[tok] {
			a.rejected++
			w.WriteHeader(401)
			return
		}
		fmt.Fprintf(w, `{"got":%d}`, len(body))
	}
}

func (a *account) issue(w io.Writer) {
	a.issued++
	fmt.Fprintf(w, a.format, fmt.Sprintf("token-%d", a.issued), fmt.Sprintf("refresh-%d", a.issued))
}

// counts returns how many logins, refreshes and calls there were.
func (a *account) counts() [3]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return [3]int{a.logins, a.refreshes, a.calls}
}

func (a *account) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

// client returns a client of a as change wants it.
func (a *account) client(change func(*Options)) *Client {
	a.t.Helper()
	return newTestClient(a.t, a.URL, func(o *Options) {
		o.Token = ""
		o.Headers = map[string]string{"beacukai-api-key": "key-of-the-test"}
		o.Login = &Login{URL: a.URL + "/login", RefreshURL: a.URL + "/refresh", Username: "user", Password: "right-password"}
		if change != nil {
			change(o)
		}
	})
}

func mustDo(t *testing.T, c *Client) {
	t.Helper()
	ans, err := c.Do(t.Context(), post("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if string(ans.Body) != `{"got":5}` {
		t.Fatalf("answer %q", ans.Body)
	}
}

func TestOneLoginForAll(t *testing.T) {
	a := newAccount(t)
	c := a.client(func(o *Options) { o.Concurrency = 50 })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { mustDo(t, c) })
	}
	wg.Wait()
	if n := a.counts(); n != [3]int{1, 0, 50} {
		t.Errorf("logins, refreshes, calls: %v", n)
	}
	// All are refused at once: one refresh, and each repeats once.
	a.set(func() { a.refused["token-1"] = true })
	for range 50 {
		wg.Go(func() { mustDo(t, c) })
	}
	wg.Wait()
	if n := a.counts(); n[0] != 1 || n[1] != 1 || n[2] < 100 || n[2] > 150 {
		t.Errorf("after a 401 for all: logins, refreshes, calls: %v", n)
	}
}

func TestTokenAnswers(t *testing.T) {
	now := newClock().now()
	for name, row := range map[string]struct {
		body    string
		life    time.Duration
		refresh string
	}{
		"item":       {`{"item":{"access_token":"A","expires_in":7200,"refresh_token":"R"}}`, 7200 * time.Second, "R"},
		"data":       {`{"data":{"access_token":"A","expires_in":"600"}}`, 600 * time.Second, ""},
		"top":        {`{"access_token":"A","expires_in":60.0,"item":null}`, 60 * time.Second, ""},
		"no expiry":  {`{"access_token":"A"}`, 300 * time.Second, ""},
		"null":       {`{"access_token":"A","expires_in":null,"refresh_token":null}`, 300 * time.Second, ""},
		"nonsense":   {`{"access_token":"A","expires_in":"soon"}`, 300 * time.Second, ""},
		"zero":       {`{"access_token":"A","expires_in":0}`, 300 * time.Second, ""},
		"milliyears": {`{"access_token":"A","expires_in":99999999999999}`, 24 * time.Hour, ""},
		"BOM":        {"\xef\xbb\xbf" + `{"access_token":"A"}`, 300 * time.Second, ""},
		"odd item":   {`{"access_token":"A","item":[1],"data":"x"}`, 300 * time.Second, ""},
	} {
		tok, ok := readToken(&Answer{Status: 200, Body: []byte(row.body)}, now)
		if !ok || tok.access != "A" || tok.refresh != row.refresh || tok.expires.Sub(now) != row.life {
			t.Errorf("%s: %+v, %v", name, tok, ok)
		}
		if early := tok.expires.Sub(tok.renewAt); early != min(30*time.Second, row.life/2) {
			t.Errorf("%s: renewed %v early", name, early)
		}
	}
	for _, body := range []string{``, `null`, `[]`, `{}`, `"A"`, `{"access_token":""}`, `{"access_token":null}`, `{"item":{}}`,
		`{"access_token":"A\r\nX: y"}`, `{"access_token":"A"`, `<html>`} {
		if tok, ok := readToken(&Answer{Status: 200, Body: []byte(body)}, now); ok {
			t.Errorf("%s: taken as %+v", body, tok)
		}
	}
	if _, ok := readToken(&Answer{Status: 500, Body: []byte(`{"access_token":"A"}`)}, now); ok {
		t.Error("a token was taken from a 500")
	}
}

func TestTokenIsRenewedEarly(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	c := a.client(func(o *Options) { o.Now = clk.now })
	mustDo(t, c)
	clk.add(269 * time.Second)
	mustDo(t, c)
	if n := a.counts(); n != [3]int{1, 0, 2} {
		t.Errorf("before: %v", n)
	}
	clk.add(time.Second)
	mustDo(t, c)
	if n := a.counts(); n != [3]int{1, 1, 3} {
		t.Errorf("30 s before the end: %v", n)
	}
	// A refresh that brings no new refresh token leaves the old one in use.
	a.set(func() {
		a.onRefresh = func(w http.ResponseWriter) bool {
			fmt.Fprintf(w, `{"access_token":"token-%d"}`, a.issued)
			return true
		}
	})
	for range 2 {
		clk.add(271 * time.Second)
		mustDo(t, c)
	}
	if n := a.counts(); n != [3]int{1, 3, 5} {
		t.Errorf("refreshed without a new refresh token: %v", n)
	}
	clk.add(25 * time.Hour) // the refresh token is dead, too
	mustDo(t, c)
	if n := a.counts(); n != [3]int{2, 3, 6} {
		t.Errorf("after the refresh token's life: %v", n)
	}
}

func TestAnyFailureOfRefreshLeadsToLogin(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter) bool{
		"401":       func(w http.ResponseWriter) bool { w.WriteHeader(401); return true },
		"500":       func(w http.ResponseWriter) bool { w.WriteHeader(500); return true },
		"HTML":      func(w http.ResponseWriter) bool { fmt.Fprint(w, "<html>"); return true },
		"no token":  func(w http.ResponseWriter) bool { fmt.Fprint(w, `{"status":"failed"}`); return true },
		"cut":       func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) },
		"429":       func(w http.ResponseWriter) bool { w.WriteHeader(429); return true },
		"redirects": func(w http.ResponseWriter) bool { w.Header().Set("Location", "/x"); w.WriteHeader(302); return true },
	} {
		a := newAccount(t)
		clk := newClock()
		c := a.client(func(o *Options) { o.Now = clk.now })
		mustDo(t, c)
		clk.add(280 * time.Second)
		a.set(func() { a.onRefresh = answer })
		mustDo(t, c)
		if n := a.counts(); n != [3]int{2, 1, 2} {
			t.Errorf("%s: logins, refreshes, calls: %v", name, n)
		}
	}
}

func TestWithoutRefreshURL(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	c := a.client(func(o *Options) { o.Now, o.Login.RefreshURL = clk.now, "" })
	mustDo(t, c)
	clk.add(280 * time.Second)
	mustDo(t, c)
	if n := a.counts(); n != [3]int{2, 0, 2} {
		t.Errorf("logins, refreshes, calls: %v", n)
	}
}

// 401: a new token, once more, and then the error. The refreshed token that is refused as well leads to a login next.
func TestUnauthorizedTwice(t *testing.T) {
	a := newAccount(t)
	c := a.client(nil)
	mustDo(t, c)
	a.set(func() {
		for i := range 10 {
			a.refused[fmt.Sprintf("token-%d", i)] = true
		}
	})
	if e := failed(t, c, post("x")); e.Kind != Unauthorized || e.Op != "kirim" || e.Unknown {
		t.Errorf("%+v", e)
	}
	if n := a.counts(); n != [3]int{1, 1, 3} {
		t.Errorf("logins, refreshes, calls: %v", n)
	}
	if e := failed(t, c, post("x")); e.Kind != Unauthorized {
		t.Errorf("%+v", e)
	}
	if n := a.counts(); n[0] != 2 {
		t.Errorf("a refused token from a refresh did not lead to a login: %v", n)
	}
	a.set(func() { clear(a.refused) })
	mustDo(t, c)
}

// A late 401 about an old token must not throw away the new one.
func TestOnlyTheRefusedTokenIsDropped(t *testing.T) {
	a := newAccount(t)
	c := a.client(nil)
	mustDo(t, c)
	c.auth.reject("token-0")
	mustDo(t, c)
	if n := a.counts(); n != [3]int{1, 0, 2} {
		t.Errorf("logins, refreshes, calls: %v", n)
	}
}

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

func TestTokenSurvivesARestart(t *testing.T) {
	a := newAccount(t)
	clk := newClock()
	file := filepath.Join(t.TempDir(), "token.json")
	client := func() *Client { return a.client(func(o *Options) { o.Now, o.TokenCache = clk.now, file }) }
	mustDo(t, client())
	mustDo(t, client())
	if n := a.counts(); n != [3]int{1, 0, 2} {
		t.Errorf("a valid token was not used again: %v", n)
	}
	clk.add(280 * time.Second)
	mustDo(t, client())
	if n := a.counts(); n != [3]int{1, 1, 3} {
		t.Errorf("the refresh token was not used: %v", n)
	}
	clk.add(-1000 * time.Hour) // the clock was set back: a token lives no longer for it
	c := client()
	mustDo(t, c)
	clk.add(280 * time.Second)
	mustDo(t, c)
	if n := a.counts(); n != [3]int{1, 2, 5} {
		t.Errorf("the token outlived its life: %v", n)
	}
	// Another process got a newer token: it is taken, without a login.
	other := client()
	a.set(func() { a.refused[fmt.Sprintf("token-%d", a.issued)] = true })
	mustDo(t, other)
	before := a.counts()
	mustDo(t, c)
	if n := a.counts(); n[0] != before[0] || n[1] != before[1] {
		t.Errorf("two processes do not share a token: %v, then %v", before, n)
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

// waitUntil waits for a condition.
func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the condition never held")
		}
	}
}
