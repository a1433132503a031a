package transport

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// waitUntil waits for a condition.
func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
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
