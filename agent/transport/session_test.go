package transport

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

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
