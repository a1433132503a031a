package simulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// loginBases are the published places of login and update-token.
var loginBases = []string{"/nle-oauth/v1/user", "/v1/openapi-auth/user"}

const (
	keyHeader    = "Beacukai-Api-Key" // as net/http spells beacukai-api-key
	maxSmallBody = 64 << 10           // of login and T2G requests
)

// loginAnswer is the answer of login and update-token.
type loginAnswer struct {
	Status  string    `json:"status"`
	Message string    `json:"message"`
	Item    loginItem `json:"item"`
}

type loginItem struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	RefreshToken     string `json:"refresh_token"`
	TokenType        string `json:"token_type"`
}

// tokens knows what was issued. It is safe for use by many goroutines.
type tokens struct {
	opts Options

	mu      sync.Mutex
	access  map[string]time.Time // until when
	renewal map[string]time.Time
}

func newTokens(o Options) *tokens {
	return &tokens{opts: o, access: make(map[string]time.Time), renewal: make(map[string]time.Time)}
}

// issue makes a pair of tokens, and forgets those that have expired once there are many.
func (t *tokens) issue(now time.Time) loginItem {
	item := loginItem{
		AccessToken:      "sim-access-" + rand.Text(),
		ExpiresIn:        int(t.opts.TokenLife / time.Second),
		RefreshExpiresIn: int(t.opts.RefreshLife / time.Second),
		RefreshToken:     "sim-refresh-" + rand.Text(),
		TokenType:        "bearer",
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range []map[string]time.Time{t.access, t.renewal} {
		for token, until := range m {
			if len(m) > 1000 && !now.Before(until) {
				delete(m, token)
			}
		}
	}
	t.access[item.AccessToken] = now.Add(t.opts.TokenLife)
	t.renewal[item.RefreshToken] = now.Add(t.opts.RefreshLife)
	return item
}

// expire ends all issued access tokens.
func (t *tokens) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for token := range t.access {
		t.access[token] = time.Time{}
	}
}

// wrong says what is wrong with the header Authorization; "" when nothing is.
func (t *tokens) wrong(header string, now time.Time) string {
	token, ok := strings.CutPrefix(header, "Bearer ")
	switch {
	case header == "":
		return "there is no Authorization header: send \"Authorization: Bearer TOKEN\""
	case !ok:
		return "the Authorization header must begin with \"Bearer \""
	case token == t.opts.Token:
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.access[token]
	switch {
	case !ok:
		return "the token is unknown: use the fixed token, or the access_token of a login at this simulator"
	case !now.Before(until):
		return "the token has expired: log in again or use update-token"
	default:
		return ""
	}
}

// renewable says whether token is a refresh token that still lives.
func (t *tokens) renewable(token string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	until, ok := t.renewal[token]
	return ok && now.Before(until)
}

// authorize checks the API key and the token of an API request. The error is a refusal; the body has been read then.
func (x *exchange) authorize() error {
	if err := x.checkKey(); err != nil {
		return err
	}
	if wrong := x.s.tokens.wrong(x.r.Header.Get("Authorization"), x.s.now()); wrong != "" {
		x.drain()
		return refusal{x.s.refuse(x.rec.Op, http.StatusUnauthorized, wrong)}
	}
	return nil
}

// checkKey asks for the API key where the simulator was given one. T2G has none.
func (x *exchange) checkKey() error {
	key := x.s.opts.APIKey
	if key == "" || x.rec.Op == StatusRespon || x.rec.Op == GetResByCar || x.r.Header.Get(keyHeader) == key {
		return nil
	}
	x.drain()
	return refusal{x.s.refuse(x.rec.Op, http.StatusForbidden,
		"the header beacukai-api-key is missing or wrong; it is needed on every request, the login included")}
}

// login answers POST .../user/login.
func (s *Server) login(x *exchange) answer {
	var user, password string
	err := x.checkKey()
	if err == nil {
		user, password, err = x.credentials()
	}
	if err == nil {
		err = x.ready("")
	}
	if err != nil {
		return x.refused(err)
	}
	if user != s.opts.User || password != s.opts.Password {
		return s.refuse(Login, http.StatusUnauthorized, "the user name or the password is wrong (GET / tells where to look)")
	}
	return jsonAnswer(http.StatusOK, loginAnswer{"success", "Login berhasil", s.tokens.issue(s.now())})
}

// credentials reads the body of a login.
func (x *exchange) credentials() (user, password string, err error) {
	fields, err := x.smallBody()
	if err == nil {
		user, err = stringField(fields, "username")
	}
	if err == nil {
		password, err = stringField(fields, "password")
	}
	if err != nil {
		return "", "", refusal{x.s.refuse(Login, http.StatusBadRequest, err.Error()+
			`; the body is {"username": "...", "password": "..."}`)}
	}
	return user, password, nil
}

// refresh answers POST .../user/update-token.
func (s *Server) refresh(x *exchange) answer {
	err := x.checkKey()
	if err == nil {
		x.drain()
		err = x.ready("")
	}
	if err != nil {
		return x.refused(err)
	}
	token := x.r.Header.Get("Authorization")
	switch {
	case strings.HasPrefix(token, "Bearer "):
		return s.refuse(Refresh, http.StatusUnauthorized, "the refresh token stands raw in Authorization, without \"Bearer \"")
	case !s.tokens.renewable(token, s.now()):
		return s.refuse(Refresh, http.StatusUnauthorized, "the refresh token is unknown or has expired: log in again")
	}
	return jsonAnswer(http.StatusOK, loginAnswer{"success", "Token berhasil diperbarui", s.tokens.issue(s.now())})
}

// ready is called when a request without photos has been read: now the fault script knows all of it.
func (x *exchange) ready(key string) error {
	if err := x.know(key); err != nil {
		return err
	}
	return x.befall(WhenRead)
}

// smallBody reads a JSON object of limited size. Its errors are sentences for people.
func (x *exchange) smallBody() (map[string]json.RawMessage, error) {
	text, err := io.ReadAll(io.LimitReader(x, maxSmallBody+1))
	x.drain()
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if len(text) > maxSmallBody {
		return nil, fmt.Errorf("the body is longer than %d bytes", maxSmallBody)
	}
	if wrong := wrongType(x.r.Header.Get("Content-Type")); wrong != "" {
		return nil, fmt.Errorf("the request has %s", wrong)
	}
	return jsonObject(text)
}
